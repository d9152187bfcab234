import { beforeAll, describe, expect, test } from '@jest/globals';
import { EngineWorld } from '../testing/engine-world.ts';
import { MemoryStorage } from '../testing/memory-storage.ts';
import type { AppendLog } from './storage.ts';
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

  test('that could not be written is nobody’s: not the other endorser’s that waited for the same write, nor a later one’s', async () => {
    const storage = new MemoryStorage();
    let isFull = true;
    const append = (log: AppendLog) => async (bytes: Buffer) => {
      if (isFull) {
        isFull = false;
        throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
      }
      await log.append(bytes);
    };
    const disk = async (name: string) => {
      const log = await storage.open(name);
      return Object.create(log, { append: { value: append(log) } }) as AppendLog;
    };
    const store = await TransientStore.open({ open: disk });
    const asked = [
      store.remember('tx', plaintext),
      store.remember('tx', plaintext),
      store.remember('other', plaintext),
    ];
    const outcomes = (await Promise.allSettled(asked)).map(({ status }) => status);
    expect(outcomes).toEqual(['rejected', 'rejected', 'fulfilled']);
    expect(store.get('tx')).toBeUndefined();
    await store.remember('tx', plaintext);
    await store.close();
    const again = await TransientStore.open(storage);
    expect(['tx', 'other'].map((txId) => again.get(txId))).toEqual([plaintext, plaintext]);
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
