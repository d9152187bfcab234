import { deriveSegmentKey, type StorageManifest, type VersionSecret } from '@d-cloud/pipelines/seal';

/** Keys of single segments; base64 of 32 bytes each. */
export type SegmentKeys = readonly { readonly index: number; readonly key: string }[];

/** The keys of a version's segments `from` up to `to`, as its manifest says they were sealed. */
export function keysOfSegments(
  secret: VersionSecret,
  manifest: Pick<StorageManifest, 'version' | 'segments'>,
  range: { readonly from: number; readonly to: number } = { from: 0, to: Number.POSITIVE_INFINITY },
): SegmentKeys {
  return manifest.segments
    .filter(({ index }) => index >= range.from && index < range.to)
    .map(({ index, token }) => keyOf(secret, { version: manifest.version, index, token }));
}

/** The keys for segments that are still to be sealed under a claim's token. */
export function keysForClaim(
  secret: VersionSecret,
  output: { readonly version: string; readonly token: number },
  range: { readonly from: number; readonly to: number },
): SegmentKeys {
  return Array.from({ length: range.to - range.from }, (_, at) =>
    keyOf(secret, { version: output.version, index: range.from + at, token: output.token }),
  );
}

function keyOf(secret: VersionSecret, name: { version: string; index: number; token: number }) {
  return { index: name.index, key: Buffer.from(deriveSegmentKey(secret, name)).toString('base64') };
}
