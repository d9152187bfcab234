import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { idFrom, type MspId, type StorageNodeId } from '@d-cloud/chaincode/domain';
import { encodeManifest, parseManifest, SealThreads, sealSegments } from '@d-cloud/pipelines/seal';
import { expect, test } from '@jest/globals';
import { CustodyStore } from './custody-store.ts';
import { OwnVersions, type OwnVersionsPowers } from './own-versions.ts';
import { placedBlocks } from './placed-blocks.ts';
import { currentSlots, VersionBlocks } from './version-blocks.ts';

const alder = 'AlderMSP' as MspId;
const version = idFrom('vers', new Uint8Array(16));
const slots = [0, 1, 2].map((slot) => ({
  slot,
  storageNode: idFrom('stor', new Uint8Array(16).fill(slot)) as StorageNodeId,
  organization: alder,
}));

/** A sealing of one small segment, with digests in the place of its shares. */
async function sealing(): Promise<Uint8Array> {
  await using threads = new SealThreads(1);
  const manifest = await sealSegments(
    (async function* () {
      yield { bytes: Uint8Array.from(randomBytes(1_000)), rows: 1 };
    })(),
    {
      version,
      secret: { cek: randomBytes(32) },
      token: 0,
      firstSegment: 0,
      scheme: { k: 2, n: 3 },
      slots,
      schemaHash: '0'.repeat(64),
      threads,
      put: async () => {},
    },
  );
  return encodeManifest({ ...manifest, shares: randomBytes(96) });
}

test('what a version is being sealed or shared anew as belongs to it like what it is: no collector may take it for orphans', async () => {
  const [now, next] = [await sealing(), await sealing()];
  const directory = mkdtempSync(join(tmpdir(), 'own-versions-'));
  using store = new CustodyStore(join(directory, 'custody.sqlite'));
  const owned = (manifest: Uint8Array, nextManifest: Uint8Array | undefined): OwnVersionsPowers => ({
    organization: alder,
    readModel: { get: () => ({ record: { owner: alder } }), list: () => ({ items: [] }) } as never,
    keys: {
      version: () => ({ manifest }) as never,
      next: () => (nextManifest === undefined ? undefined : ({ manifest: nextManifest, sealing: 2 } as never)),
    },
    store,
  });
  const blocksOf = (manifest: Uint8Array) => {
    const blocks = new VersionBlocks(parseManifest(manifest));
    return placedBlocks(blocks, currentSlots(blocks.manifest, new Map()));
  };
  const belonging = (...args: Parameters<typeof owned>) => new Set(new OwnVersions(owned(...args)).belonging(version));
  expect(belonging(now, undefined)).toEqual(new Set(blocksOf(now)));
  expect(belonging(now, next)).toEqual(new Set([...blocksOf(now), ...blocksOf(next)]));

  const before = parseManifest(now).shares!;
  store.beginResharing(version, { before, after: randomBytes(96), places: slots, barred: new Set() });
  // Three shares more, at the slots' places.
  expect(new Set([...belonging(now, undefined)].map(({ cid, node }) => `${cid} ${node}`)).size).toBe(
    blocksOf(now).length + 3,
  );
  rmSync(directory, { recursive: true });
});
