import { hash } from 'node:crypto';
import { canonicalBytes } from '@d-cloud/chaincode/domain';
import { leafHash, merkleRoot } from '../attest/index.ts';
import { blockId } from './block-id.ts';

/** Where fragment `slot` of every stripe of the version lies. */
export interface ManifestSlot {
  readonly slot: number;
  readonly storageNode: string;
  readonly organization: string;
}

/** One sealed segment. `digests` holds the SHA-256 of its fragments, 32 bytes each, stripe by stripe, slot by slot. */
export interface ManifestSegment {
  readonly index: number;
  readonly rows: number;
  readonly token: number;
  readonly fragmentBytes: number;
  readonly digests: Uint8Array;
}

/**
 * What is stored of a dataset version and where; no keys, no names. A manifest may cover a range of segments (a
 * partition's output): `last` says whether its final segment is the version's.
 */
export interface StorageManifest {
  readonly version: string;
  readonly k: number;
  readonly n: number;
  readonly slots: readonly ManifestSlot[];
  readonly segments: readonly ManifestSegment[];
  readonly last: boolean;
  readonly rows: number;
  /** RFC 6962 root over the segments' hashes, lower-case hex. */
  readonly contentRoot: string;
  /** SHA-256 of the Arrow schema's canonical form, lower-case hex; what it is taken of is the publisher's affair. */
  readonly schemaHash: string;
  /** SHA-256 of the blocks with the shares of S, slot by slot, where there is an S. */
  readonly shares?: Uint8Array | undefined;
}

export type ManifestParts = Omit<StorageManifest, 'rows' | 'contentRoot'>;

/** Completes a manifest with what follows from its segments. */
export function manifestOf(parts: ManifestParts): StorageManifest {
  return {
    ...parts,
    rows: parts.segments.reduce((sum, { rows }) => sum + rows, 0),
    contentRoot: Buffer.from(contentRoot(parts)).toString('hex'),
  };
}

export function stripeCount(manifest: Pick<StorageManifest, 'n'>, segment: ManifestSegment): number {
  return segment.digests.length / (32 * manifest.n);
}

export function fragmentDigest(
  manifest: Pick<StorageManifest, 'n'>,
  segment: ManifestSegment,
  stripe: number,
  slot: number,
): Uint8Array {
  const at = 32 * (stripe * manifest.n + slot);
  return segment.digests.subarray(at, at + 32);
}

/** Every fragment of a manifest: what to fetch, audit, repair or remove. */
export function* fragmentsOf(
  manifest: StorageManifest,
): Generator<{ segment: number; stripe: number; slot: number; cid: string; sizeBytes: number }> {
  for (const segment of manifest.segments)
    for (let stripe = 0; stripe < stripeCount(manifest, segment); stripe++)
      for (let slot = 0; slot < manifest.n; slot++)
        yield {
          segment: segment.index,
          stripe,
          slot,
          cid: blockId(fragmentDigest(manifest, segment, stripe, slot)),
          sizeBytes: segment.fragmentBytes,
        };
}

/**
 * The hash of a stored segment: SHA-256 over the digests of its data fragments in order. It commits to the sealed
 * bytes, costs no second pass over them, and follows from the manifest alone.
 */
export function segmentHash(manifest: Pick<StorageManifest, 'k' | 'n'>, segment: ManifestSegment): Uint8Array {
  const data: Uint8Array[] = [];
  for (let stripe = 0; stripe < stripeCount(manifest, segment); stripe++) {
    const at = 32 * stripe * manifest.n;
    data.push(segment.digests.subarray(at, at + 32 * manifest.k));
  }
  return hash('sha256', Buffer.concat(data), 'buffer');
}

export function contentRoot(manifest: Pick<StorageManifest, 'k' | 'n' | 'segments'>): Uint8Array {
  return merkleRoot(manifest.segments.map((segment) => leafHash(segmentHash(manifest, segment))));
}

/** The manifest's one byte form: canonical JSON (RFC 8785), digests as base64. */
export function encodeManifest(manifest: StorageManifest): Uint8Array {
  return canonicalBytes({
    v: 1,
    hash: 'sha2-256',
    version: manifest.version,
    k: manifest.k,
    n: manifest.n,
    slots: manifest.slots.map(({ slot, storageNode, organization }) => ({ slot, storageNode, organization })),
    segments: manifest.segments.map((segment) => ({
      index: segment.index,
      rows: segment.rows,
      token: segment.token,
      fragmentBytes: segment.fragmentBytes,
      digests: Buffer.from(segment.digests).toString('base64'),
    })),
    last: manifest.last,
    rows: manifest.rows,
    contentRoot: manifest.contentRoot,
    schemaHash: manifest.schemaHash,
    ...(manifest.shares === undefined ? {} : { shares: Buffer.from(manifest.shares).toString('base64') }),
  });
}

/** SHA-256 of a manifest's bytes, lower-case hex. */
export function manifestHash(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'hex');
}
