import type { JobId, MspId, StorageNodeId } from '@d-cloud/chaincode/domain';
import { Fault } from '@d-cloud/network/ledger';
import { z } from 'zod';
import type { CurrentSlot } from '../custody/version-blocks.ts';
import type { NextKeys, VersionKeys } from './key-store.ts';

/** What of a version the ledger keeps for its owner, before it is sealed under its dataset's key. */
export type KeptVersion = Pick<VersionKeys, 'contentKey' | 'salt' | 'manifest' | 'shares'> & {
  /** Slots that lie elsewhere than the manifest says. */
  readonly moved: readonly CurrentSlot[];
  /** Keys that the version will have once the ledger has its next sealing. */
  readonly next?: NextKeys | undefined;
  /** Of a job's output: whose rows its salts come from. */
  readonly job?: { readonly id: JobId; readonly rowSaltSecret: Uint8Array } | undefined;
};

const bytes = z.base64().transform((text) => new Uint8Array(Buffer.from(text, 'base64')));
const schema = z.strictObject({
  v: z.literal(1),
  contentKey: bytes,
  salt: bytes,
  manifest: bytes,
  shares: bytes.optional(),
  moved: z.array(z.strictObject({ slot: z.int().min(0), storageNode: z.string(), organization: z.string() })),
  next: z.strictObject({ contentKey: bytes, salt: bytes, manifest: bytes }).optional(),
  job: z.strictObject({ id: z.string(), rowSaltSecret: bytes }).optional(),
});

const base64 = (value: Uint8Array) => Buffer.from(value).toString('base64');

const keysIn = ({ contentKey, salt, manifest }: NextKeys) => ({
  contentKey: base64(contentKey),
  salt: base64(salt),
  manifest: base64(manifest),
});

/** The same bytes for the same keys, so that what is kept already is known by its digest. */
export function writeKeptVersion({ contentKey, salt, manifest, shares, moved, next, job }: KeptVersion): Uint8Array {
  const places = moved
    .toSorted((a, b) => a.slot - b.slot)
    .map(({ slot, storageNode, organization }) => ({ slot, storageNode, organization }));
  return Buffer.from(
    JSON.stringify({
      v: 1,
      ...keysIn({ contentKey, salt, manifest }),
      ...(shares === undefined ? {} : { shares: base64(shares) }),
      moved: places,
      ...(next === undefined ? {} : { next: keysIn(next) }),
      ...(job === undefined ? {} : { job: { id: job.id, rowSaltSecret: base64(job.rowSaltSecret) } }),
    }),
  );
}

/** Reads what was kept. Fault `corrupt` for anything else. */
export function readKeptVersion(text: Uint8Array): KeptVersion {
  const parsed = schema.safeParse(JSON.parse(Buffer.from(text).toString('utf8')));
  if (!parsed.success) throw new Fault('corrupt', 'What is kept of a version is of no form that this gateway knows.');
  const { contentKey, salt, manifest, shares, moved, next, job } = parsed.data;
  return {
    contentKey,
    salt,
    manifest,
    ...(shares === undefined ? {} : { shares }),
    moved: moved.map(({ slot, storageNode, organization }) => ({
      slot,
      storageNode: storageNode as StorageNodeId,
      organization: organization as MspId,
    })),
    ...(next === undefined ? {} : { next }),
    ...(job === undefined ? {} : { job: { id: job.id as JobId, rowSaltSecret: job.rowSaltSecret } }),
  };
}
