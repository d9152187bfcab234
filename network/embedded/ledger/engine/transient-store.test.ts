import { beforeAll, describe, expect, test } from '@jest/globals';
import { EngineWorld } from '../testing/engine-world.ts';
import { MemoryStorage } from '../testing/memory-storage.ts';
import { TransientStore } from './transient-store.ts';

let world: EngineWorld;
beforeAll(async () => {
  world = await EngineWorld.found();
});

const plaintext = { dataModel: 0, namespaces: [] };

describe('the plaintext of an endorsed transaction', () => {
  test('is with its members though the ledger ended between endorsement and block, and gone from where it waited', async () => {
    const storage = new MemoryStorage();
    const before = await world.open(storage);
    const sent = world.transaction(before, (simulation) =>
      simulation.putPrivate('cc', '_implicit_org_A', 'k', { value: Buffer.from('v') }),
    );
    await before[Symbol.asyncDispose]();
    await using after = await world.open(storage);
    expect(await world.commit(after, sent)).toEqual([0]);
    using snapshot = after.snapshot();
    const held = after.simulate('A', 'tx', snapshot.height).getPrivate('cc', '_implicit_org_A', 'k');
    expect(held?.toString()).toBe('v');
    await after[Symbol.asyncDispose]();
    expect(storage.files.get('private/0.transient')?.length).toBe(0);
  });

  test('that never came to a block is forgotten with its file, when two of them were filled since', async () => {
    const storage = new MemoryStorage();
    const store = await TransientStore.open(storage);
    for (let at = 0; at < 10_001; at++) await store.remember(`tx-${at}`, plaintext);
    expect([0, 4_999, 5_000, 10_000].map((at) => store.get(`tx-${at}`) !== undefined)).toEqual([
      false,
      false,
      true,
      true,
    ]);
    await store.close();
    const again = await TransientStore.open(storage);
    expect([4_999, 5_000, 10_000].map((at) => again.get(`tx-${at}`) !== undefined)).toEqual([false, true, true]);
  });
});
