import { SealFault } from './fault.ts';
import { type ManifestSegment, manifestOf, type StorageManifest } from './manifest.ts';
import { checkManifest } from './parse-manifest.ts';

/**
 * Joins the manifests of a job's partitions, in any order, into the one of the output version. Refuses
 * (MANIFEST_INVALID) gaps, repeated segments, a missing or early last segment, and parts that differ in version,
 * scheme, slots, schema or shares.
 */
export function mergeManifests(parts: readonly StorageManifest[]): StorageManifest {
  const ordered = [...parts].sort((a, b) => (a.segments[0]?.index ?? 0) - (b.segments[0]?.index ?? 0));
  const first = ordered[0];
  if (first === undefined) throw new SealFault('MANIFEST_INVALID', 'there are no parts to merge');
  const segments: ManifestSegment[] = [];
  for (const part of ordered) {
    checkManifest(part);
    if (outline(part) !== outline(first))
      throw new SealFault('MANIFEST_INVALID', 'the parts differ in version, scheme, slots, schema or shares');
    if (part.last !== (part === ordered.at(-1)))
      throw new SealFault(
        'MANIFEST_INVALID',
        part.last ? 'a segment follows the last one' : 'the last segment is missing',
      );
    segments.push(...part.segments);
  }
  if (segments[0]?.index !== 0) throw new SealFault('MANIFEST_INVALID', 'segment 0 is missing');
  const { version, k, n, slots, schemaHash, shares } = first;
  const merged = manifestOf({ version, k, n, slots, segments, last: true, schemaHash, shares });
  checkManifest(merged);
  return merged;
}

function outline({ version, k, n, slots, schemaHash, shares }: StorageManifest): string {
  const places = slots.map(({ slot, storageNode, organization }) => [slot, storageNode, organization]);
  return JSON.stringify([version, k, n, places, schemaHash, Buffer.from(shares ?? []).toString('hex')]);
}
