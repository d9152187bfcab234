/** Steps that most stories share, each through the REST interface as a program would take it. */
import { createHash, randomUUID } from 'node:crypto';
import {
  type DatasetView,
  type GrantView,
  type JobView,
  type Output,
  publishModel as publishModelFolder,
  type RestClient,
  type VersionView,
} from '@d-cloud/gateway/cli';
import type { Network, OrganizationName } from './network.ts';
import { modelFolders } from './samples.ts';
import { type TarEntry, tar } from './tar.ts';
import { until } from './until.ts';

export const research = 'dpv:ResearchAndDevelopment';
export const marketing = 'dpv:Marketing';

/** Says nothing: tests read results. */
export const silent: Output = {
  json: true,
  say: () => undefined,
  result: () => undefined,
  progress: () => ({ at: () => undefined, end: () => undefined }),
};

/** Cedar's model, which every member may run for research and marketing. */
export async function publishModel(network: Network, which: keyof typeof modelFolders): Promise<string> {
  const { model } = await publishModelFolder(network.as('cedar', 'model-owner'), silent, {
    path: modelFolders[which],
    access: 'members',
    purposes: [research, marketing],
  });
  return model.id;
}

export function registerDataset(
  rest: RestClient,
  wish: {
    readonly title?: string;
    readonly modality?: string;
    readonly purposes?: readonly string[];
    readonly keywords?: readonly string[];
  } = {},
  idempotencyKey: string = randomUUID(),
): Promise<DatasetView> {
  const { title = 'A dataset', modality = 'images', purposes = [research], keywords = [] } = wish;
  const body = { title, keywords, licence: 'CC0-1.0', modality, terms: { access: 'granted', purposes } };
  return rest.call('POST', '/datasets', { body, idempotencyKey });
}

export function publishFiles(
  rest: RestClient,
  dataset: string,
  entries: readonly TarEntry[],
  idempotencyKey: string = randomUUID(),
): Promise<VersionView> {
  return publishBytes(rest, dataset, tar(entries), 'application/x-tar', { idempotencyKey });
}

export function publishBytes(
  rest: RestClient,
  dataset: string,
  bytes: Uint8Array,
  type: string,
  { name, idempotencyKey = randomUUID() }: { readonly name?: string; readonly idempotencyKey?: string } = {},
): Promise<VersionView> {
  const stream = { type, bytes: () => pieces(bytes), ...(name !== undefined && { name }) };
  return rest.call('POST', `/datasets/${dataset}/versions`, { stream, idempotencyKey });
}

export async function* pieces(bytes: Uint8Array, pieceBytes = 256 * 1024): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}

export type GrantWish = {
  readonly dataset: string;
  readonly model?: string;
  readonly actions?: readonly string[];
  readonly executors?: readonly string[];
  readonly until?: string;
  readonly rows?: string;
  readonly uses?: number;
};

/** Birch asks Alder, and Alder gives it with what limits it. */
export async function askAndIssue(network: Network, wish: GrantWish): Promise<GrantView> {
  const { dataset, model, actions = ['use'], executors = ['AlderMSP', 'CedarMSP'], ...limits } = wish;
  const terms = { actions, purposes: [research], models: model === undefined ? [] : [model] };
  const asked = await network.as('birch').call<GrantView>('POST', '/grants', { body: { dataset, terms } });
  // Alder's gateway follows the ledger on its own.
  await until(`alder to see ${asked.id}`, () => network.as('alder').call('GET', `/grants/${asked.id}`));
  const body = { terms: { ...terms, executors, ...limits } };
  return network.as('alder').call('POST', `/grants/${asked.id}/issue`, { body });
}

export type JobWish = {
  readonly version: string;
  readonly model: string;
  readonly grant?: string;
  readonly purpose?: string;
  readonly batchRows?: number;
  readonly segmentsPerPartition?: number;
};

/** Asks for a job when the asking gateway has read the version and the grant from the ledger. */
export async function requestJob(
  rest: RestClient,
  { purpose = research, ...wish }: JobWish,
  idempotencyKey: string = randomUUID(),
): Promise<JobView> {
  await until(`${wish.version} to be known`, () => rest.call('GET', `/versions/${wish.version}`));
  return rest.call('POST', '/jobs', { body: { purpose, ...wish }, idempotencyKey });
}

const running = new Set(['queued', 'running']);

/** Waits until a job is over, whatever came of it. */
export function jobEnd(rest: RestClient, id: string, withinMs = 180_000): Promise<JobView> {
  return until(
    `${id} to end`,
    async () => {
      const job = await rest.call<JobView>('GET', `/jobs/${id}`);
      return !running.has(job.state) && job;
    },
    withinMs,
  );
}

/** Waits until a partition of a job is claimed, by a node of the organization where one is named, and tells its index. */
export function claimed(rest: RestClient, id: string, organization?: string): Promise<{ readonly index: number }> {
  return until(`a partition of ${id} to be claimed`, async () => {
    const { progress } = await rest.call<JobView>('GET', `/jobs/${id}`);
    const partitions = progress?.partitions as readonly { index: number; state: string; organization?: string }[];
    return partitions.find(
      (one) => one.state === 'claimed' && (organization === undefined || one.organization === organization),
    );
  });
}

/** A version's files as they come back, name to SHA-256 in hex. */
export async function contentDigests(rest: RestClient, version: string, query = ''): Promise<Map<string, string>> {
  const response = await rest.open('GET', `/versions/${version}/content${query}`, { accept: 'application/x-tar' });
  return tarDigests(Buffer.from(await response.arrayBuffer()));
}

export function entryDigests(entries: readonly TarEntry[]): Map<string, string> {
  return new Map(entries.map(({ name, bytes = new Uint8Array(0) }) => [name, sha256(bytes)]));
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Names and digests of the files of a plain ustar archive. */
function tarDigests(archive: Buffer): Map<string, string> {
  const files = new Map<string, string>();
  for (let at = 0; at + 512 <= archive.length && archive[at] !== 0; ) {
    const name = archive.toString('utf8', at, at + 100).replace(/\0.*$/s, '');
    const size = Number.parseInt(archive.toString('latin1', at + 124, at + 136), 8);
    files.set(name, sha256(archive.subarray(at + 512, at + 512 + size)));
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return files;
}

/** What every organization's gateway has read: the same block everywhere, at least the given one. */
export async function allHaveRead(network: Network, block: number): Promise<void> {
  for (const name of ['alder', 'birch', 'cedar'] satisfies OrganizationName[]) {
    await until(`${name} to have read block ${block}`, async () => {
      const page = await network.as(name).call<{ block: number }>('GET', '/datasets?limit=1');
      return page.block >= block;
    });
  }
}

/** A job that ran, with everything it was made of. */
export type Ran = {
  readonly model: string;
  readonly dataset: DatasetView;
  readonly entries: readonly TarEntry[];
  readonly version: VersionView;
  readonly grant: GrantView;
  readonly job: JobView;
};
