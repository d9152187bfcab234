import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { MspId, StorageNodeId, VersionId } from '@d-cloud/chaincode/domain';
import { Fault } from '@d-cloud/network/ledger';
import { encodeManifest } from '@d-cloud/pipelines/seal';
import type { CurrentSlot, VersionBlocks } from '../custody/version-blocks.ts';
import type { FromResealThread, ResealInit } from '../jobs/reseal-messages.ts';
import type { KeyStore } from '../keys/key-store.ts';
import { type SharedSecrets, sharesAt } from '../keys/shared-secrets.ts';
import type { StorageWay } from '../peer/storage-ways.ts';
import type { ChosenPlacement } from '../publish/choose-placement.ts';

export type ResealVersionPowers = {
  readonly organization: MspId;
  readonly keys: Pick<KeyStore, 'version'>;
  readonly secrets: Pick<SharedSecrets, 'lend'>;
  readonly ways: () => ReadonlyMap<StorageNodeId, StorageWay>;
  readonly blockIndexFile: string;
  readonly putListDirectory: string;
  readonly quotaBytes: number;
};

/**
 * Opens a version of ours and seals it again under another content key and an S of its own, in a thread of its own; gives the new manifest's
 * bytes once its blocks are placed and read back. What it puts is in the put list. Throws Fault.
 */
export async function resealVersion(
  powers: ResealVersionPowers,
  { version, manifest }: Pick<VersionBlocks, 'manifest'> & { readonly version: VersionId },
  slots: readonly CurrentSlot[],
  to: { readonly contentKey: Uint8Array; readonly placement: ChosenPlacement },
  signal: AbortSignal,
): Promise<Uint8Array> {
  const kept = powers.keys.version(version);
  if (kept === undefined) throw new Fault('corrupt', `The keys of ${version} are not in this gateway's key store.`);
  const right = ['own', version];
  const init: ResealInit = {
    right,
    version,
    organization: powers.organization,
    contentKey: to.contentKey,
    placement: to.placement,
    parts: [encodeManifest(manifest)],
    ways: powers.ways(),
    blockIndexFile: powers.blockIndexFile,
    putListDirectory: powers.putListDirectory,
    quotaBytes: powers.quotaBytes,
  };
  const from = { contentKey: kept.contentKey, slots: slots.map(({ storageNode }) => storageNode) };
  const thread = await powers.secrets.lend(
    sharesAt(manifest, slots, right),
    (s) =>
      new Worker(new URL('../jobs/reseal-thread.js', import.meta.url), {
        workerData: { ...init, from: { ...from, s } } satisfies ResealInit,
        name: 'reseal',
      }),
    signal,
  );
  kept.contentKey.fill(0);
  try {
    const [said] = (await once(thread, 'message', { signal })) as [FromResealThread];
    if (said.kind === 'failed') throw new Fault(said.fault, `${version} cannot be sealed anew: ${said.detail}`);
    return said.manifest;
  } finally {
    await thread.terminate();
  }
}
