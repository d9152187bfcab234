import { createHash } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type {
  DatasetId,
  MspId,
  RequestStamp,
  StorageNodeId,
  VersionId,
  VersionRecord,
} from '@d-cloud/chaincode/domain';
import { commit, Refusal } from '@d-cloud/chaincode/domain';
import { manifestHash, parseManifest, sizeClass } from '@d-cloud/pipelines/seal';
import type { Logger } from 'pino';
import type { Caller } from '../auth/caller.ts';
import { nodesFor } from '../custody/nodes-for.ts';
import { Rejection } from '../http/problem.ts';
import type { KeyKeeper } from '../keys/key-keeper.ts';
import type { KeyStore } from '../keys/key-store.ts';
import type { GatewayLedger } from '../ledger.ts';
import type { StorageWay } from '../peer/storage-ways.ts';
import type { ReadModel } from '../projection/index.ts';
import { choosePlacement } from './choose-placement.ts';
import type { Failpoint } from './failpoint.ts';
import { placeContent } from './place-content.ts';
import type { RemovePlaced } from './remove-placed.ts';
import type { Upload, UploadJournal } from './upload-journal.ts';
import type { PlacedContent, UploadForm } from './upload-messages.ts';

export type PublishPowers = {
  readonly organization: MspId;
  readonly readModel: Pick<ReadModel, 'list' | 'get'>;
  readonly keys: KeyStore;
  readonly keeper: Pick<KeyKeeper, 'keep' | 'ready'>;
  readonly journal: UploadJournal;
  readonly random: (sizeBytes: number) => Uint8Array;
  readonly ways: () => ReadonlyMap<StorageNodeId, StorageWay>;
  /** Storage nodes that answer now. */
  readonly alive: () => Promise<ReadonlySet<StorageNodeId>>;
  readonly removePlaced: RemovePlaced;
  readonly failpoint: Failpoint;
  readonly armed: readonly string[];
  readonly blockIndexFile: string;
  readonly putListDirectory: string;
  readonly quotaBytes: number;
  readonly uploadBytes: number;
  readonly log: Logger;
};

export type PublishRequest = {
  readonly dataset: DatasetId;
  readonly parents: readonly VersionId[];
  readonly form: UploadForm;
  readonly content: AsyncIterable<Uint8Array>;
  /** Length that the sender states. */
  readonly statedBytes?: number | undefined;
  readonly caller: Pick<Caller, 'person' | 'role'>;
  /** Signs as the caller's role. */
  readonly ledger: GatewayLedger;
  readonly stamp: RequestStamp;
  /** SHA-256 that the sender says the bytes have, hex. */
  readonly statedDigest?: string | undefined;
  readonly mintVersion: (attempt: number) => VersionId;
  readonly signal: AbortSignal;
};

/** A published version, and what its placement could not promise. */
export type Published = { readonly version: VersionRecord; readonly broken: readonly string[] };

/**
 * Publishes a version: seals and places its content, keeps its keys, records it on the ledger. What is acknowledged survives the loss of any one
 * organization and is VALID at our own peer. The same request again gives the first result; each attempt has a content key and id of its own.
 */
export async function publishVersion(powers: PublishPowers, request: PublishRequest): Promise<Published> {
  const { journal } = powers;
  const dataset = await request.ledger.evaluate('dataset:get', { id: request.dataset });
  if (dataset.owner !== powers.organization)
    throw new Refusal('DATASET_NOT_FOUND', `there is no dataset ${request.dataset} of yours`);
  if (dataset.state !== 'active') throw new Refusal('DATASET_RETIRED', `${request.dataset} is retired`);
  const attempts = journal.attempts(request.caller.person, request.stamp.key);
  for (const earlier of attempts) {
    const done = earlier.state === 'placed' ? await finishPublishing(powers, earlier, request.ledger) : earlier.result;
    if (done !== undefined) return { version: await sameAsBefore(request, earlier, done), broken: [] };
    if (earlier.state === 'putting') void powers.removePlaced(earlier);
  }
  return publishAnew(powers, request, dataset, attempts.length);
}

async function publishAnew(
  powers: PublishPowers,
  request: PublishRequest,
  dataset: { readonly epoch: number },
  attempt: number,
): Promise<Published> {
  const { journal, failpoint } = powers;
  const version = request.mintVersion(attempt);
  if (powers.readModel.get('version', version) !== undefined) {
    // The journal is older than the ledger, as after a restore: other keys and blocks would not be those that the ledger commits to.
    const lost = powers.keys.version(version) === undefined ? ', and its keys are lost' : '';
    throw new Refusal(
      'STATE_CONFLICT',
      `${version} was published under this Idempotency-Key already${lost}: take another key to publish it again.`,
    );
  }
  await powers.keeper.ready();
  const nodes = nodesFor(powers.readModel, powers.organization);
  const placement = choosePlacement(nodes, await powers.alive(), version);
  const contentKey = powers.random(32);
  const { person, role } = request.caller;
  journal.begin({ version, dataset: request.dataset, person, key: request.stamp.key, role, attempt });
  let placed: PlacedContent;
  try {
    failpoint('publish.begun');
    placed = await placeContent(
      request.content,
      {
        version,
        dataset: request.dataset,
        organization: powers.organization,
        form: request.form,
        statedBytes: request.statedBytes,
        contentKey,
        placement,
        ways: powers.ways(),
        blockIndexFile: powers.blockIndexFile,
        putListDirectory: powers.putListDirectory,
        quotaBytes: powers.quotaBytes,
        armed: powers.armed,
      },
      { signal: request.signal, limitBytes: powers.uploadBytes },
    );
    failpoint('publish.placed');
    if (request.statedDigest !== undefined && request.statedDigest !== placed.digest) {
      throw new Rejection('DIGEST_MISMATCH', 'The bytes that arrived do not have the digest that was stated.');
    }
    keepKeys(powers, { version, dataset: request.dataset, epoch: dataset.epoch, contentKey }, placed, request);
  } catch (error) {
    void powers.removePlaced({ version, dataset: request.dataset });
    throw error;
  }
  failpoint('publish.journaled');
  const upload = journal.get(version) as Upload;
  const record = await finishPublishing(powers, upload, request.ledger);
  failpoint('publish.recorded');
  return { version: record as VersionRecord, broken: placement.broken.map(({ sentence }) => sentence) };
}

/** Makes the keys durable, then what will be submitted: from here on the version is published, now or after a restart. */
function keepKeys(
  powers: PublishPowers,
  named: { version: VersionId; dataset: DatasetId; epoch: number; contentKey: Uint8Array },
  placed: PlacedContent,
  request: PublishRequest,
): void {
  const salt = powers.random(32);
  const manifest = parseManifest(placed.manifest);
  powers.keys.putVersion({ ...named, salt, manifest: placed.manifest });
  powers.failpoint('publish.keys-kept');
  const body = {
    id: named.version,
    dataset: named.dataset,
    epoch: named.epoch,
    manifestCommitment: commit(salt, Buffer.from(manifestHash(placed.manifest), 'hex')),
    contentRoot: manifest.contentRoot,
    schemaHash: manifest.schemaHash,
    rows: manifest.rows,
    segmentRows: placed.segmentRows,
    sizeClass: String(sizeClass(placed.sizeBytes)),
    parents: request.parents,
  };
  powers.journal.placed(named.version, body, contentStamp(request.stamp, placed.digest));
}

/** The request's stamp with what was uploaded: the same key with other bytes is another request. */
function contentStamp(stamp: RequestStamp, digest: string): RequestStamp {
  return { ...stamp, digest: createHash('sha256').update(stamp.digest).update(digest).digest('hex') };
}

/**
 * Submits a placed version, again where an earlier try may have got through: the ledger answers the same stamp once.
 * Says nothing when another attempt under the same key was the one that got through; this one's blocks are then removed.
 */
export async function finishPublishing(
  powers: Pick<PublishPowers, 'journal' | 'keeper' | 'removePlaced' | 'failpoint'>,
  upload: Upload,
  ledger: Pick<GatewayLedger, 'submit'>,
): Promise<VersionRecord | undefined> {
  if (upload.body === undefined || upload.stamp === undefined) throw new RangeError(`${upload.version} is not placed`);
  let result: VersionRecord;
  try {
    // Durable in a second place before anybody is told: the gateway's disk may be lost the moment after.
    await powers.keeper.keep(upload.version);
    powers.failpoint('publish.kept');
    ({ result } = await ledger.submit('dataset:publishVersion', upload.body, upload.stamp));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    void powers.removePlaced(upload);
    throw error;
  }
  powers.failpoint('publish.submitted');
  if (result.id !== upload.version) {
    void powers.removePlaced(upload);
    return undefined;
  }
  powers.journal.published(upload.version, result);
  powers.removePlaced.forget(upload.version);
  return result;
}

/** A repeated upload must carry the same bytes: reads them all to say so. */
async function sameAsBefore(request: PublishRequest, earlier: Upload, result: VersionRecord): Promise<VersionRecord> {
  const hash = createHash('sha256');
  for await (const piece of request.content) {
    request.signal.throwIfAborted();
    hash.update(piece);
    await wait(0);
  }
  const stamp = contentStamp(request.stamp, hash.digest('hex'));
  if (earlier.stamp?.digest === stamp.digest) return result;
  throw new Rejection('IDEMPOTENCY_KEY_REUSED', 'This Idempotency-Key published other bytes before.');
}
