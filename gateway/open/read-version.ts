import {
  type AccessId,
  checkNotErased,
  commit,
  type GrantId,
  type MspId,
  Refusal,
  type RefusalCode,
  type StorageNodeId,
  type VersionId,
  type VersionRecord,
} from '@d-cloud/chaincode/domain';
import { Fault } from '@d-cloud/network/ledger';
import type { PeerClient } from '@d-cloud/network/peers';
import {
  generateKeyPair,
  manifestHash,
  openKeyRelease,
  parseKeyRelease,
  parseManifest,
  type StorageManifest,
} from '@d-cloud/pipelines/seal';
import { z } from 'zod';
import { pause } from '../background/pause.ts';
import type { Custodian } from '../custody/custodian.ts';
import { Rejection } from '../http/problem.ts';
import type { RouteRequest } from '../http/route.ts';
import type { KeyStore } from '../keys/key-store.ts';
import { manifestNow } from '../keys/manifest-now.ts';
import { type SharedSecrets, type SharesAt, sharesAt } from '../keys/shared-secrets.ts';
import type { StorageWay } from '../peer/storage-ways.ts';
import type { ReadModel } from '../projection/index.ts';
import { askOwner } from './ask-owner.ts';
import type { RowRange } from './cut-rows.ts';
import { type OpenedContent, openContent } from './open-content.ts';
import type { ContentForm, OpeningSecret } from './open-messages.ts';
import { type Lying, openThroughResealing } from './open-through-resealing.ts';

export type ReadPowers = {
  readonly organization: MspId;
  readonly channel: string;
  readonly readModel: Pick<ReadModel, 'get'>;
  readonly keys: KeyStore;
  readonly peers: PeerClient;
  readonly ways: () => ReadonlyMap<StorageNodeId, StorageWay>;
  readonly custody: Pick<Custodian, 'whereNow'>;
  readonly secrets: Pick<SharedSecrets, 'lend'>;
};

export type ReadRequest = {
  readonly version: VersionId;
  readonly form: ContentForm;
  /** Only these rows. Refused for forms that have none, and where the version ends before the first. */
  readonly rows?: RowRange | undefined;
  /** Needed from whoever is not the owner. */
  readonly purpose?: string | undefined;
  readonly grant?: GrantId | undefined;
  readonly asker: Pick<RouteRequest, 'mint' | 'submit'>;
  readonly signal: AbortSignal;
};

/** How long the owner and our read model may differ about how a version is sealed, and between two questions. */
const resealingLag = { longestMs: 8_000, pauseMs: 100 };

type Opening = {
  readonly manifest: Uint8Array;
  readonly secret: OpeningSecret;
  /** Where the shares of its S lie, when the secret is a content key and the version has an S. */
  readonly shares?: SharesAt | undefined;
  readonly right: readonly string[];
  /** Where the fragments lie now, in slot order, when that is not where the manifest says. */
  readonly slots?: readonly string[] | undefined;
};

/**
 * Opens a version for reading: its owner by the own key store, everybody else by an access that is recorded on the ledger first and
 * against which the owner's gateway releases the content key. S is gathered here. Works while any k of its n fragments can be had, and
 * goes on where the version is sealed anew or moved while it is read.
 */
export async function readVersion(powers: ReadPowers, request: ReadRequest): Promise<OpenedContent> {
  const { signal } = request;
  let access: Promise<RecordedAccess> | undefined;
  const find = async (): Promise<Lying> => {
    const version = readable(powers, request.version);
    checkRows(version, request);
    const isOwn = version.owner === powers.organization;
    // One read is one access, however often the version moves.
    if (!isOwn) access ??= recordAccess(request, version);
    const opening = isOwn ? ofOwn(powers, version) : await byAccess(powers, await access!, version, signal);
    return { name: nameOf(opening), open: () => open(powers, opening, request) };
  };
  return openThroughResealing(find, signal);
}

function readable({ readModel }: ReadPowers, id: VersionId): VersionRecord {
  const version = readModel.get('version', id)?.record;
  if (version === undefined) throw new Refusal('VERSION_NOT_FOUND', `there is no version ${id}`);
  checkNotErased(version);
  return version;
}

function open(
  { secrets, ways }: ReadPowers,
  { shares, secret, ...opening }: Opening,
  { form, rows, signal }: ReadRequest,
): Promise<OpenedContent> {
  const withSecret = (known: OpeningSecret) =>
    openContent({ ...opening, secret: known, ways: ways(), form, rows }, { signal });
  if (secret.kind !== 'version') return withSecret(secret);
  return secrets.lend(shares, (s) => withSecret({ ...secret, s }), signal);
}

function checkRows(version: VersionRecord, { form, rows }: ReadRequest): void {
  if (rows === undefined) return;
  if (form !== 'arrow' && form !== 'json-lines')
    throw new Rejection(
      'NOT_ACCEPTABLE',
      'Rows are read as application/vnd.apache.arrow.stream or application/x-ndjson.',
    );
  const { id, rows: count } = version;
  if (rows.first >= rows.end || rows.first >= Number(count))
    throw new Rejection('REQUEST_INVALID', `There are no such rows: ${id} has ${count}, the first is 0.`);
}

/** Differs where the blocks are others, or lie elsewhere. */
function nameOf({ manifest, shares, slots }: Opening): string {
  return JSON.stringify([manifestHash(manifest), Buffer.from(shares?.shares ?? []).toString('hex'), slots]);
}

function ofOwn({ keys, custody }: ReadPowers, { id }: VersionRecord): Opening {
  const kept = keys.version(id);
  if (kept === undefined) {
    throw new Fault(
      'corrupt',
      `The keys of ${id} are lost: they are not in this gateway's key store, as when it was restored from an older backup.`,
    );
  }
  const manifest = manifestNow(kept);
  const now = custody.whereNow(manifest);
  const right = ['own', id];
  return {
    manifest: kept.manifest,
    secret: { kind: 'version', contentKey: kept.contentKey },
    shares: sharesAt(manifest, now, right),
    right,
    slots: now?.map(({ storageNode }) => storageNode),
  };
}

type RecordedAccess = {
  readonly id: AccessId;
  readonly purpose: string;
  readonly transaction: string;
  readonly pair: ReturnType<typeof generateKeyPair>;
};

async function recordAccess(request: ReadRequest, version: VersionRecord): Promise<RecordedAccess> {
  const { purpose } = request;
  if (purpose === undefined)
    throw new Rejection('REQUEST_INVALID', 'Say for which purpose you read another organization’s data: ?purpose=');
  const pair = generateKeyPair();
  const { result: access, transaction } = await request.asker.submit('access:record', {
    id: request.asker.mint('accs'),
    version: version.id,
    purpose,
    ...(request.grant === undefined ? {} : { grant: request.grant }),
    ephemeralKey: Buffer.from(pair.publicKey).toString('base64'),
  });
  if (access.outcome === 'denied') {
    throw new Refusal(
      (access.refusal ?? 'ACTION_NOT_GRANTED') as RefusalCode,
      `reading ${version.id} was denied, and that is on the ledger as ${access.id}`,
    );
  }
  return { id: access.id, purpose, transaction, pair };
}

async function byAccess(
  powers: ReadPowers,
  access: RecordedAccess,
  version: VersionRecord,
  signal: AbortSignal,
): Promise<Opening> {
  const { payload, manifest } = await released(powers, access, version, signal);
  const parsed = parseManifest(manifest);
  const right = ['access', access.id];
  const now = slotsIn(payload, parsed);
  return {
    manifest,
    secret: secretIn(payload),
    shares: sharesAt({ ...parsed, ...sharesIn(payload, parsed) }, now, right),
    right,
    slots: now?.map(({ storageNode }) => storageNode),
  };
}

/**
 * What the owner releases, with a manifest that the ledger commits to. While the version is sealed anew the owner and our read model do not change
 * to the other manifest at the same moment: both are asked again.
 */
async function released(
  powers: ReadPowers,
  access: RecordedAccess,
  version: VersionRecord,
  signal: AbortSignal,
): Promise<{ readonly payload: Payload; readonly manifest: Uint8Array }> {
  const until = performance.now() + resealingLag.longestMs;
  for (;;) {
    const payload = await askForKeys(powers, access, version, signal);
    const manifest = Buffer.from(payload.manifest, 'base64');
    const { manifestCommitment } = readable(powers, version.id);
    const digest = Buffer.from(manifestHash(manifest), 'hex');
    const isCommitted = commit(Buffer.from(payload.salt, 'base64'), digest) === manifestCommitment;
    if (isCommitted && parseManifest(manifest).version === version.id) return { payload, manifest };
    if (performance.now() > until || signal.aborted)
      throw new Fault('corrupt', `The owner of ${version.id} gave another manifest than the ledger commits to.`);
    await pause(resealingLag.pauseMs, signal);
  }
}

async function askForKeys(
  { readModel, peers, channel, organization }: ReadPowers,
  { id, purpose, transaction, pair }: RecordedAccess,
  version: VersionRecord,
  signal: AbortSignal,
): Promise<Payload> {
  const address = readModel.get('organization', version.owner)?.record.gatewayAddress;
  if (address === undefined) throw new Fault('unavailable', `${version.owner} has no gateway address on the ledger.`);
  const { epoch, release } = await askOwner(peers, { organization: version.owner, address }, id, signal);
  const named = { dataset: version.dataset, version: version.id, epoch };
  const context = { channel, ...named, grantee: organization, purpose, transaction };
  const bytes = await openKeyRelease(pair, context, parseKeyRelease(release));
  return payloadSchema.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
}

function secretIn(payload: Payload): OpeningSecret {
  if (payload.v === 2) return { kind: 'version', contentKey: Buffer.from(payload.contentKey, 'base64') };
  const keys = payload.keys.map(({ index, key }) => [index, Buffer.from(key, 'base64')] as const);
  return { kind: 'segments', keys: new Map(keys) };
}

/** Where the owner says that fragments lie now. Wherever that is, only blocks with the manifest's hashes are taken. */
function slotsIn({ slots }: Payload, { n }: StorageManifest): Payload['slots'] {
  if (slots === undefined) return undefined;
  const ordered = slots.toSorted((a, b) => a.slot - b.slot);
  if (ordered.length === n && ordered.every(({ slot }, at) => slot === at)) return ordered;
  throw new Fault('corrupt', 'The owner did not say of every fragment where it lies.');
}

/** The share blocks that there are now. Each is taken only with the digest that the owner names, and k of them only if they agree. */
function sharesIn(payload: Payload, { n, shares }: StorageManifest): Pick<StorageManifest, 'shares'> {
  if (payload.v !== 2 || payload.shares === undefined) return {};
  const digests = Buffer.from(payload.shares, 'base64');
  if (shares !== undefined && digests.length === 32 * n) return { shares: digests };
  throw new Fault('corrupt', 'The owner did not name the share of every fragment.');
}

const named = {
  manifest: z.base64(),
  salt: z.base64(),
  slots: z.array(z.object({ slot: z.int(), storageNode: z.string(), organization: z.string() })).optional(),
};
/** Version 1 has the keys of all segments, for what was published without shares of S; version 2 the content key alone. */
const payloadSchema = z.discriminatedUnion('v', [
  z.object({ v: z.literal(1), ...named, keys: z.array(z.object({ index: z.int(), key: z.base64() })) }),
  z.object({ v: z.literal(2), ...named, contentKey: z.base64(), shares: z.base64().optional() }),
]);
type Payload = z.output<typeof payloadSchema>;
