import { setTimeout as wait } from 'node:timers/promises';
import type { Claim, JobRecord, MspId, PartitionRecord } from '@d-cloud/chaincode/domain';
import { Fault } from '@d-cloud/network/ledger';
import { z } from 'zod';
import {
  type KeyPair,
  type ManifestSlot,
  openKeyRelease,
  parseKeyRelease,
  parseManifest,
  type StorageManifest,
} from '../seal/index.ts';
import type { Peers } from './peers.ts';

const bytes = z.base64().transform((text) => Buffer.from(text, 'base64'));
const keys = z
  .array(z.strictObject({ index: z.int().min(0), key: bytes.refine((key) => key.length === 32, 'a key has 32 bytes') }))
  .transform((list) => new Map(list.map(({ index, key }) => [index, key])));

const slots = z.array(z.strictObject({ slot: z.int().min(0), storageNode: z.string(), organization: z.string() }));

const opening = z.object({ v: z.literal(1), manifest: bytes, salt: bytes, keys, slots: slots.optional() });
const output = z.object({
  v: z.literal([1, 2]),
  keys,
  /** Digests of the blocks with the shares of the output's S, which its manifests must name. */
  shares: bytes.optional(),
  rowSaltSecret: bytes,
  scheme: z.strictObject({ k: z.int().min(1).max(32), n: z.int().min(1).max(64) }),
  slots,
  segmentCount: z.int().min(1),
});

/** Keys to segments that are there: of the input's range, or of the model. */
export type OpeningKeys = {
  readonly manifest: StorageManifest;
  readonly salt: Uint8Array;
  readonly keys: ReadonlyMap<number, Uint8Array>;
  readonly manifestBytes: Uint8Array;
  /** Where the fragments lie now: the manifest's slots, but for those that its owner has moved since. In slot order. */
  readonly slots: readonly ManifestSlot[];
};
/** Keys to segments that are still to be sealed, where they go, and the secret behind the rows' salts. */
export type OutputKeys = z.output<typeof output>;

export type ReleasedKeys = { readonly input: OpeningKeys; readonly model: OpeningKeys; readonly output: OutputKeys };

const releases = z.object({
  releases: z.array(
    z.object({
      role: z.enum(['input', 'model', 'output']),
      dataset: z.string(),
      version: z.string(),
      epoch: z.int().min(0),
      release: z.unknown(),
    }),
  ),
});

/** A claim with the job and partition that it is of. */
type Asking = { readonly job: JobRecord; readonly partition: PartitionRecord; readonly claim: Claim };

type Role = 'input' | 'model' | 'output';
const roles = ['input', 'model', 'output'] as const;

/** Whose key service answers for a role, and the version whose keys those are. */
const answering: { readonly [R in Role]: (job: JobRecord) => { owner: MspId; version: string } } = {
  input: (job) => ({ owner: job.datasetOwner, version: job.version }),
  model: (job) => ({ owner: job.modelOwner, version: job.modelVersion }),
  output: (job) => ({ owner: job.requester, version: job.outputVersion }),
};

/** How long a key service may take to see the claim that our own peer has, how long it may be away, and between two questions. */
const longestLagMs = 8_000;
const longestAbsenceMs = 120_000;
const lagPauseMs = 200;

/**
 * Asks the key services of the data's owner, the model's owner and the requester, and opens what they release to this claim. Anybody can seal to
 * the key that stands in a claim, so each service is heard on its own role alone: one that names another's would choose the keys of the results.
 */
export async function askForKeys(
  peers: Pick<Peers, 'send'>,
  channel: string,
  asking: Asking,
  ephemeral: KeyPair,
  signal: AbortSignal,
): Promise<ReleasedKeys> {
  const { job, claim } = asking;
  const owners = new Set(roles.map((role) => answering[role](job).owner));
  const answers = await Promise.all(
    [...owners].map(async (owner) => ({ owner, answer: await askOwner(peers, owner, asking, signal) })),
  );
  const found: Partial<Record<Role, unknown>> = {};
  for (const { owner, answer } of answers) {
    for (const { role, dataset, version, epoch, release } of releases.parse(answer).releases) {
      const expected = answering[role](job);
      if (expected.owner !== owner || expected.version !== version || found[role] !== undefined) {
        throw new Fault('corrupt', `The key service of ${owner} releases ${role} keys of ${version}, not its own`);
      }
      const context = {
        channel,
        dataset,
        version,
        epoch,
        grantee: claim.node,
        purpose: job.purpose,
        transaction: claim.transaction,
      };
      const payload = await openKeyRelease(ephemeral, context, parseKeyRelease(release));
      found[role] = JSON.parse(Buffer.from(payload).toString('utf8'));
    }
  }
  for (const role of roles) {
    if (found[role] === undefined)
      throw new Fault('unavailable', `No key service released the ${role} keys of ${job.id}`);
  }
  return { input: openingKeys(found.input), model: openingKeys(found.model), output: output.parse(found.output) };
}

/** Asks one key service, again while it is away or its peer may not have the claim yet. */
async function askOwner(
  peers: Pick<Peers, 'send'>,
  owner: MspId,
  { job, partition, claim }: Asking,
  signal: AbortSignal,
): Promise<unknown> {
  const asked = { kind: 'claim', job: job.id, partition: partition.index, token: claim.token };
  const begun = performance.now();
  for (;;) {
    try {
      return await peers.send('POST', owner, '/v1/keys/release', asked, { withinMs: 20_000, signal });
    } catch (error) {
      const mayLag = error instanceof Fault && error.kind === 'unavailable';
      const patienceMs = mayLag && error.retryable ? longestAbsenceMs : longestLagMs;
      if (!mayLag || signal.aborted || performance.now() > begun + patienceMs) throw error;
      await wait(lagPauseMs, undefined, { signal });
    }
  }
}

function openingKeys(payload: unknown): OpeningKeys {
  const { manifest: manifestBytes, salt, keys, slots: moved } = opening.parse(payload);
  const manifest = parseManifest(manifestBytes);
  const slots = (moved ?? manifest.slots).toSorted((a, b) => a.slot - b.slot);
  if (slots.length !== manifest.n || slots.some(({ slot }, at) => slot !== at))
    throw new Fault('corrupt', 'The owner did not say of every fragment where it lies');
  return { manifest, manifestBytes, salt, keys, slots };
}
