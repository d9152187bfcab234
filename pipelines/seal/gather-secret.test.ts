import { describe, expect, test } from '@jest/globals';
import { encodeShare, gatherSecret, mintSecret, splitSecret } from './index.ts';
import { choices, SlotMemory } from './testing/slot-memory.ts';

const schemes = [
  { k: 2, n: 3 },
  { k: 3, n: 5 },
  { k: 4, n: 7 },
];
const slotsOf = (n: number) => Array.from({ length: n }, (_, slot) => slot);
const missing = { name: 'SealFault', code: 'INSUFFICIENT_SHARES', kind: 'unavailable' };

/** A store with the shares of a new S, and what the manifest says of them. */
async function stored(scheme: { k: number; n: number }) {
  const { s, blocks, digests } = mintSecret(scheme);
  const store = new SlotMemory();
  for (const block of blocks) await store.put(block);
  return { s: Buffer.from(s).toString('hex'), store, blocks, shared: { ...scheme, shares: digests } };
}

async function gathered(shared: Parameters<typeof gatherSecret>[0], { get }: Pick<SlotMemory, 'get'>): Promise<string> {
  return Buffer.from(await gatherSecret(shared, { get, hedge: { afterMs: 1 } })).toString('hex');
}

describe('gathering S', () => {
  test.each(schemes)(
    'gives S from every choice of $k of $n storage nodes, and nothing from one fewer',
    async (scheme) => {
      const { s, store, shared } = await stored(scheme);
      for (const left of choices(scheme.n, scheme.k)) {
        store.dead.clear();
        for (const slot of slotsOf(scheme.n)) if (!left.includes(slot)) store.dead.add(slot);
        expect(await gathered(shared, store)).toBe(s);
      }
      for (const left of choices(scheme.n, scheme.k - 1)) {
        store.dead.clear();
        for (const slot of slotsOf(scheme.n)) if (!left.includes(slot)) store.dead.add(slot);
        await expect(gathered(shared, store)).rejects.toMatchObject(missing);
      }
    },
  );

  test('goes round storage nodes that lie, are silent, or give another slot’s block', async () => {
    const { s, store, blocks, shared } = await stored({ k: 4, n: 7 });
    store.flip(0, 20);
    store.silent.add(1);
    const get: SlotMemory['get'] = async (slot, cid, options) =>
      slot === 2 ? (blocks[3]?.bytes as Uint8Array) : store.get(slot, cid, options);
    expect(await gathered(shared, { get })).toBe(s);
  });

  test('needs k different shares: one that is given k times is one', async () => {
    const { blocks, shared } = await stored({ k: 4, n: 7 });
    const get: SlotMemory['get'] = async () => blocks[0]?.bytes as Uint8Array;
    await expect(gathered(shared, { get })).rejects.toMatchObject(missing);
  });

  test('takes no share of another secret, though it is a share of that slot', async () => {
    const { store, shared } = await stored({ k: 4, n: 7 });
    for (const slot of [0, 1, 2, 3]) store.dead.add(slot);
    const others = splitSecret(new Uint8Array(32), shared, new Uint8Array(96)).map((share) =>
      encodeShare(share, shared),
    );
    const get: SlotMemory['get'] = async (slot, cid, options) =>
      slot === 0 ? (others[0]?.bytes as Uint8Array) : store.get(slot, cid, options);
    await expect(gathered(shared, { get })).rejects.toMatchObject(missing);
  });

  test('takes no block that the manifest names under two slots', async () => {
    const { blocks, store, shared } = await stored({ k: 2, n: 3 });
    const shares = Buffer.from(shared.shares);
    shares.copy(shares, 32, 0, 32);
    shares.copy(shares, 64, 0, 32);
    const get: SlotMemory['get'] = async () => blocks[0]?.bytes as Uint8Array;
    await expect(gathered({ ...shared, shares }, { get })).rejects.toMatchObject(missing);
    await expect(gathered({ ...shared, shares: shares.subarray(32) }, store)).rejects.toMatchObject({
      code: 'SHARES_INVALID',
    });
  });

  test('ends when it is not wanted any more', async () => {
    const { store, shared } = await stored({ k: 2, n: 3 });
    for (const slot of [0, 1, 2]) store.silent.add(slot);
    const stopped = new AbortController();
    const gathering = gatherSecret(shared, { get: store.get, signal: stopped.signal });
    stopped.abort(new Error('nobody asks any more'));
    await expect(gathering).rejects.toThrow('nobody asks any more');
  });

  test('never gives the same S twice', () => {
    const [one, other] = [mintSecret({ k: 2, n: 3 }), mintSecret({ k: 2, n: 3 })];
    expect(Buffer.compare(one.s, other.s)).not.toBe(0);
    expect(Buffer.compare(one.digests, other.digests)).not.toBe(0);
  });
});
