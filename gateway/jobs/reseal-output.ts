import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { JobRecord, MspId, StorageNodeId } from '@d-cloud/chaincode/domain';
import { Fault } from '@d-cloud/network/ledger';
import { encodeManifest, parseManifest, type StorageManifest } from '@d-cloud/pipelines/seal';
import type { KeyStore } from '../keys/key-store.ts';
import type { StorageWay } from '../peer/storage-ways.ts';
import { removePutList } from '../publish/put-list.ts';
import type { OutputPlan } from './job-store.ts';
import type { OutputSecrets } from './output-secrets.ts';
import type { FromResealThread, ResealInit } from './reseal-messages.ts';

export type ResealPowers = {
  readonly keys: KeyStore;
  readonly outputs: OutputSecrets;
  readonly ways: () => ReadonlyMap<StorageNodeId, StorageWay>;
  readonly organization: MspId;
  readonly blockIndexFile: string;
  readonly spool: string;
  readonly quotaBytes: number;
};

/** Seals the segments of accepted partitions anew as one version without gaps, in a thread of its own. Throws Fault. */
export async function resealOutput(
  powers: ResealPowers,
  job: JobRecord,
  plan: OutputPlan,
  parts: readonly StorageManifest[],
): Promise<StorageManifest> {
  const secrets = powers.keys.job(job.id);
  if (secrets === undefined) throw new Fault('corrupt', `The secrets of ${job.id} are lost.`);
  const init: ResealInit = {
    right: ['job', job.id],
    version: job.outputVersion,
    organization: powers.organization,
    contentKey: secrets.contentKey,
    placement: plan.placement,
    parts: parts.map(encodeManifest),
    ways: powers.ways(),
    blockIndexFile: powers.blockIndexFile,
    putListDirectory: powers.spool,
    quotaBytes: powers.quotaBytes,
  };
  const thread = await powers.outputs.lend(
    job,
    (s, shares) =>
      new Worker(new URL('./reseal-thread.js', import.meta.url), {
        workerData: { ...init, s, shares } satisfies ResealInit,
        name: 'reseal',
      }),
  );
  try {
    const [said] = (await once(thread, 'message')) as [FromResealThread];
    if (said.kind === 'failed') throw new Fault(said.fault, `The partial output cannot be sealed: ${said.detail}`);
    removePutList(powers.spool, job.outputVersion);
    return parseManifest(said.manifest);
  } finally {
    await thread.terminate();
  }
}
