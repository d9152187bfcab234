import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { cidOf } from './cid.ts';
import { type NodeUnderTest, nodeKinds } from './storage-nodes.suite.ts';

for (const { name, describeIt, start } of nodeKinds) {
  describeIt(`the control calls to ${name}`, () => {
    let under: NodeUnderTest;
    beforeAll(async () => {
      under = await start();
    });
    afterAll(async () => await under[Symbol.asyncDispose]());

    test('tell who it is and which release it speaks', async () => {
      const { control } = under.node;
      const { peerId, agent } = await control.identity();
      expect(peerId).toMatch(/^12D3KooW\w{44}$/);
      expect(agent).toMatch(/^kubo\/0\.4/);
      expect(await control.version()).toMatch(/^0\.4\d\.\d+$/);
      expect(await control.peers()).toBe(0);
    });

    test('tell how much it holds of how much it may hold', async () => {
      const before = await under.node.control.usage();
      expect(before.capacityBytes).toBe(under.capacityBytes);
      const bytes = randomBytes(100_000);
      await under.node.put(cidOf(bytes), bytes);
      const after = await under.node.control.usage();
      expect(after.blocks).toBe(before.blocks + 1);
      expect(after.bytes).toBeGreaterThanOrEqual(before.bytes + 100_000);
    });

    test('list every block that was put and none that was removed', async () => {
      const [kept, removed] = [randomBytes(10), randomBytes(10)] as const;
      for (const bytes of [kept, removed]) await under.node.put(cidOf(bytes), bytes);
      await under.node.remove(cidOf(removed));
      const listed = new Set<string>();
      for await (const cid of under.node.control.list()) listed.add(cid);
      expect(listed).toContain(cidOf(kept));
      expect(listed).not.toContain(cidOf(removed));
    });

    test('show that nothing of ours is pinned', async () => {
      const bytes = randomBytes(10);
      await under.node.put(cidOf(bytes), bytes);
      for await (const cid of under.node.control.pins()) expect(cid).not.toMatch(/^bafkrei/);
    });
  });
}
