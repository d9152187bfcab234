import { cidOf } from '@d-cloud/network/store';

/** The content id (CIDv1, raw, sha2-256) of bytes as they came: two people who got the same result get the same id. */
export function contentId(bytes: Uint8Array): string {
  return cidOf(bytes);
}
