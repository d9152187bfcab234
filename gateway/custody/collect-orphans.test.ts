import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  idFrom,
  type JobRecord,
  type MspId,
  Refusal,
  type StorageNodeId,
  type VersionId,
} from '@d-cloud/chaincode/domain';
import { Fault } from '@d-cloud/network/ledger';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { BlockIndex } from '../peer/block-index.ts';
import type { ReadModel } from '../projection/index.ts';
import { collectOrphans, type OrphanPowers } from './collect-orphans.ts';
import { CustodyStore } from './custody-store.ts';

const [alder, birch] = ['AlderMSP', 'BirchMSP'] as MspId[] as [MspId, MspId];
const node = idFrom('stor', new Uint8Array(16)) as StorageNodeId;
const versionOf = (at: number) => idFrom('vers', new Uint8Array(16).fill(at));
const [published, uploading, ofJob, abandoned, foreign] = [1, 2, 3, 4, 5].map(versionOf) as [
  VersionId,
  VersionId,
  VersionId,
  VersionId,
  VersionId,
];
const horizonMs = 1_000;
const { signal } = new AbortController();

let directory: string;
let index: BlockIndex;
let store: CustodyStore;
let removed: string[];
let nowMs: number;
/** What the ledger has that the read model may not show yet. */
let onLedger: Set<VersionId>;
let isDown: boolean;
let birchLeft: boolean;
/** Whether the owner of what is published has erased it. */
let isErased: boolean;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'orphans-'));
  index = new BlockIndex(join(directory, 'blocks.sqlite'));
  store = new CustodyStore(join(directory, 'custody.sqlite'));
  removed = [];
  nowMs = 0;
  onLedger = new Set([published]);
  isDown = false;
  birchLeft = false;
  isErased = false;
  for (const [version, owner] of [
    [published, birch],
    [uploading, alder],
    [ofJob, birch],
    [abandoned, alder],
    [foreign, birch],
  ] as const) {
    const block = { cid: `cid-${version}`, node, version, owner, putBy: owner, sizeBytes: 10 };
    index.reserve(block, 1_000);
    index.confirm(block.cid, node);
  }
});
afterEach(() => {
  index[Symbol.dispose]();
  store[Symbol.dispose]();
  rmSync(directory, { recursive: true });
});

function powers(change: Partial<OrphanPowers> = {}): OrphanPowers {
  const job = { outputVersion: ofJob } as JobRecord;
  const readModel = {
    get: (kind: string, id: string) => {
      if (kind === 'organization' && id === birch && birchLeft)
        return { record: { left: { reason: 'x', by: [birch] } } };
      return kind === 'version' && id === published
        ? { record: { id, owner: birch, ...(isErased ? { erasure: 'eras_a' } : {}) } }
        : undefined;
    },
    list: (kind: string, { state }: { state: string }) => ({
      items: kind === 'job' && state === 'running' ? [{ record: job }] : [],
      block: 1,
    }),
  } as unknown as Pick<ReadModel, 'get' | 'list'>;
  return {
    organization: alder,
    index,
    journal: { get: (version) => (version === uploading ? ({ state: 'putting' } as never) : undefined) },
    store,
    readModel,
    ledger: {
      evaluate: (async (_: string, { id }: { id: VersionId }) => {
        if (!onLedger.has(id)) throw new Refusal('VERSION_NOT_FOUND', 'no');
        return {};
      }) as never,
    },
    nodes: new Map([
      [
        node,
        {
          remove: async (cid: string) => {
            if (isDown) throw new Fault('unavailable', 'down');
            removed.push(cid);
            return true;
          },
        } as never,
      ],
    ]),
    own: () => undefined,
    alone: (_, act) => act(),
    nowMs: () => nowMs,
    horizonMs,
    ...change,
  };
}

describe('orphans', () => {
  test('are removed only when they have been orphans for the horizon; what is published, uploaded or worked on stays', async () => {
    expect(await collectOrphans(powers(), signal)).toBe(0);
    nowMs = horizonMs - 1;
    expect(await collectOrphans(powers(), signal)).toBe(0);
    nowMs = horizonMs;
    expect(await collectOrphans(powers(), signal)).toBe(2);
    expect(removed.sort()).toEqual([`cid-${abandoned}`, `cid-${foreign}`].sort());
    expect([published, uploading, ofJob].every((version) => index.ofVersion(version).length === 1)).toBe(true);
    expect([index.usedBytes(alder), index.usedBytes(birch)]).toEqual([10, 20]);
    expect(await collectOrphans(powers(), signal)).toBe(0);
  });

  test('seen while the clock was a day ahead wait no longer for that', async () => {
    nowMs = 24 * 60 * 60 * 1000;
    await collectOrphans(powers(), signal);
    nowMs = 0;
    expect(await collectOrphans(powers(), signal)).toBe(0);
    nowMs = horizonMs;
    expect(await collectOrphans(powers(), signal)).toBe(2);
  });

  test('of a version that its owner erased go at once, whoever that is', async () => {
    isErased = true;
    expect(await collectOrphans(powers(), signal)).toBe(1);
    expect(removed).toEqual([`cid-${published}`]);
    expect(index.ofVersion(published)).toEqual([]);
  });

  test('that the ledger knows although the read model does not are none', async () => {
    onLedger.add(foreign);
    await collectOrphans(powers(), signal);
    nowMs = horizonMs;
    expect(await collectOrphans(powers(), signal)).toBe(1);
    expect(removed).toEqual([`cid-${abandoned}`]);
  });

  test('are the blocks of an owner who has left for good, after the horizon', async () => {
    birchLeft = true;
    expect(await collectOrphans(powers(), signal)).toBe(0);
    nowMs = horizonMs;
    await collectOrphans(powers(), signal);
    expect(removed).toContain(`cid-${published}`);
    expect(index.ofVersion(ofJob)).toHaveLength(1);
  });

  test('of an own version are what belongs to it nowhere; what belongs to it there stays, and nothing else is done to it meanwhile', async () => {
    const change = { organization: birch, own: () => [{ cid: 'cid-of-another', node }] };
    const tasks: VersionId[] = [];
    const alone: OrphanPowers['alone'] = (version, act) => {
      tasks.push(version);
      return act();
    };
    await collectOrphans(powers({ ...change, alone }), signal);
    nowMs = horizonMs;
    await collectOrphans(powers({ ...change, own: () => [{ cid: `cid-${published}`, node }] }), signal);
    expect(removed).not.toContain(`cid-${published}`);
    nowMs = 0;
    await collectOrphans(powers(change), signal);
    nowMs = horizonMs;
    await collectOrphans(powers(change), signal);
    expect(removed).toContain(`cid-${published}`);
    expect(new Set(tasks)).toEqual(new Set([published, uploading, ofJob, abandoned, foreign]));
  });

  test('on a storage node that is down keep their line, and go when it is back', async () => {
    await collectOrphans(powers(), signal);
    nowMs = horizonMs;
    isDown = true;
    expect(await collectOrphans(powers(), signal)).toBe(0);
    expect(index.ofVersion(abandoned)).toHaveLength(1);
    isDown = false;
    expect(await collectOrphans(powers(), signal)).toBe(2);
  });

  test('whose version was taken up meanwhile are forgotten as suspects', async () => {
    await collectOrphans(powers(), signal);
    nowMs = horizonMs;
    const takenUp = { get: () => ({ state: 'placed' }) as never };
    expect(await collectOrphans(powers({ journal: takenUp }), signal)).toBe(0);
    expect(store.suspects).toEqual([]);
    expect(removed).toEqual([]);
  });
});
