import { Rejection } from '../http/problem.ts';

const longestName = 1024;

/**
 * A file's name as its publisher knows it: a relative path with forward slashes, data only, never a path of ours.
 * Drops leading `./`; refuses absolute paths, `..`, control and bidirectional characters, and names over 1024 bytes.
 */
export function checkItemName(name: string): string {
  const bare = name.replace(/^(\.\/)+/, '');
  const parts = bare.split('/');
  const isSafe =
    bare.isWellFormed() &&
    Buffer.byteLength(bare) <= longestName &&
    !/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069\\]/u.test(bare) &&
    parts.every((part) => part !== '' && part !== '.' && part !== '..');
  if (!isSafe)
    throw new Rejection(
      'CONTENT_INVALID',
      'A file has a name that is empty, absolute, too long, leaves its folder or hides characters.',
    );
  return bare;
}
