import type { ErasureId, MspId, StorageNodeId, VersionId, VersionRecord } from '@d-cloud/chaincode/domain';
import { Refusal } from '@d-cloud/chaincode/domain';
import { Fault } from '@d-cloud/network/ledger';
import { type BlockStore, cidOf } from '@d-cloud/network/store';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { GatewayLedger } from '../ledger.ts';
import { BlockIndex } from '../peer/block-index.ts';
import { erasureRoutes } from './erasure-routes.ts';

const alder = 'AlderMSP' as MspId;
const birch = 'BirchMSP' as MspId;
const node = `stor_${'a'.repeat(26)}` as StorageNodeId;
const version = `vers_${'a'.repeat(26)}` as VersionId;
const other = `vers_b${'a'.repeat(25)}` as VersionId;
const invented = `vers_c${'a'.repeat(25)}` as VersionId;
const erasure = `eras_${'a'.repeat(26)}` as ErasureId;
/** Blocks of alder's version: in the index, without their line after a power cut, and never put here. And one of birch's own. */
const nameOf = (text: string) => cidOf(Buffer.from(text));
const [indexed, lost, elsewhere, theirs] = [nameOf('one'), nameOf('two'), nameOf('three'), nameOf('four')];

let index: BlockIndex;
let held: Set<string>;
let rotted: Set<string>;
beforeEach(() => {
  index = new BlockIndex(':memory:');
  held = new Set([indexed, lost, theirs]);
  rotted = new Set();
  const line = (cid: string, of: VersionId, owner: MspId) => {
    index.reserve({ cid, node, version: of, owner, putBy: owner, sizeBytes: 3 }, 1_000);
    index.confirm(cid, node);
  };
  line(indexed, version, alder);
  line(theirs, other, birch);
});
afterEach(() => index[Symbol.dispose]());

type World = {
  readonly record?: Partial<VersionRecord>;
  readonly caller?: { organization: MspId; name: string };
  readonly keeps?: boolean;
  readonly trusts?: boolean;
};

async function ask(world: World = {}, cids: unknown[] = []) {
  const { record = { owner: alder, erasure }, caller, keeps = false, trusts = true } = world;
  const evaluate = async (_: string, { id }: { id: string }) => {
    if (id === other) return { owner: birch };
    if (id !== version) throw new Refusal('VERSION_NOT_FOUND', 'none');
    return record;
  };
  const store = {
    stat: async (cid: string) => {
      if (!held.has(cid)) return undefined;
      // As Kubo does, which checks what it reads.
      if (rotted.has(cid)) throw new Fault('corrupt', 'it rotted');
      return 3;
    },
    remove: async (cid: string) => !keeps && held.delete(cid),
  } as unknown as BlockStore;
  const [route] = erasureRoutes({
    index,
    nodes: new Map([[node, store]]),
    ledger: { evaluate } as unknown as Pick<GatewayLedger, 'evaluate'>,
    trustsNames: () => trusts,
  });
  const reply = await route!.answer({
    caller: caller ?? { organization: alder, name: 'gateway' },
    params: { version },
    query: new URLSearchParams({ node }),
    header: () => undefined,
    body: Buffer.from(JSON.stringify({ cids })),
    signal: AbortSignal.timeout(10_000),
  });
  return JSON.parse(Buffer.from(reply.body!).toString());
}

describe('clearing one of our storage nodes of a version that its owner erased', () => {
  test('removes what the index has and what is named, and says what it was asked for in vain', async () => {
    expect(await ask({}, [indexed, lost, elsewhere])).toEqual({ removed: 2, absent: 3, remaining: 0 });
    expect(held).toEqual(new Set([theirs]));
    expect(index.usedBytes(alder)).toBe(0);
    expect(await ask({}, [indexed, lost, elsewhere])).toEqual({ removed: 0, absent: 3, remaining: 0 });
  });

  test('removes a block that rotted on its disk, though the storage node does not tell its size', async () => {
    rotted.add(lost);
    expect(await ask({}, [lost])).toEqual({ removed: 2, absent: 2, remaining: 0 });
    expect(held).toEqual(new Set([theirs]));
  });

  test('removes what nobody names too', async () => {
    expect(await ask()).toEqual({ removed: 1, absent: 1, remaining: 0 });
  });

  test('removes a block that somebody put under the name of a version that he invented', async () => {
    index.reserve({ cid: lost, node, version: invented, owner: birch, putBy: birch, sizeBytes: 3 }, 1_000);
    index.confirm(lost, node);
    expect(await ask({}, [lost])).toEqual({ removed: 2, absent: 2, remaining: 0 });
    expect(held.has(lost)).toBe(false);
    expect(index.usedBytes(birch)).toBe(3);
  });

  test('leaves blocks of versions that stand on the ledger alone, whoever names them, and does not call them absent', async () => {
    expect(await ask({}, [theirs])).toEqual({ removed: 1, absent: 1, remaining: 1 });
    expect(held.has(theirs)).toBe(true);
    expect(index.usedBytes(birch)).toBe(3);
  });

  test('leaves a block without a line alone while others may have lost theirs, and does not call it absent', async () => {
    index.drop(theirs, node);
    const named = [lost, theirs, elsewhere];
    expect(await ask({ trusts: false }, named)).toEqual({ removed: 1, absent: 2, remaining: 2 });
    expect(held).toEqual(new Set([lost, theirs]));
  });

  test('says so where a block is there after it was removed, and forgets it only when it is gone', async () => {
    expect(await ask({ keeps: true }, [lost])).toEqual({ removed: 0, absent: 0, remaining: 2 });
    expect(index.knows(indexed, node)).toBe(true);
    expect(await ask({ trusts: false })).toEqual({ removed: 1, absent: 1, remaining: 0 });
  });

  const strangers: readonly [string, World][] = [
    ['that the ledger does not show', { record: { owner: alder } }],
    ['of another owner', { caller: { organization: birch, name: 'gateway' } }],
    ['asked for by a compute node', { caller: { organization: alder, name: 'comp_a' } }],
  ];
  test.each(strangers)('is not done for an erasure %s', async (_, world) => {
    await expect(ask(world, [indexed])).rejects.toMatchObject({ status: 404 });
    expect(held.has(indexed)).toBe(true);
  });

  test('is refused with names that are none', async () => {
    await expect(ask({}, ['../etc'])).rejects.toMatchObject({ status: 400 });
  });
});
