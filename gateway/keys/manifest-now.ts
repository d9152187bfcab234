import { parseManifest, type StorageManifest } from '@d-cloud/pipelines/seal';
import type { VersionKeys } from './key-store.ts';

/** A version's manifest with the share blocks that there are now: S may have been shared anew since the manifest was committed to. */
export function manifestNow({ manifest, shares }: Pick<VersionKeys, 'manifest' | 'shares'>): StorageManifest {
  const parsed = parseManifest(manifest);
  return shares === undefined ? parsed : { ...parsed, shares };
}
