import { createHash } from 'node:crypto';
import { Rejection } from '../http/problem.ts';

/** Writes an opaque cursor: a position that only the list with these very filters accepts again. */
export function writeCursor(list: readonly unknown[], position: number): string {
  return `${fingerprint(list)}${position.toString(36)}`;
}

/** Reads a position back. Throws `Rejection` CURSOR_INVALID for another list's cursor, or none of ours. */
export function readCursor(list: readonly unknown[], cursor: string): number {
  const print = fingerprint(list);
  const position = /^[0-9a-z]{1,10}$/.test(cursor.slice(print.length))
    ? Number.parseInt(cursor.slice(print.length), 36)
    : Number.NaN;
  if (!cursor.startsWith(print) || !Number.isSafeInteger(position)) {
    throw new Rejection('CURSOR_INVALID', 'Ask for the list again without a cursor.');
  }
  return position;
}

function fingerprint(list: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(list)).digest('base64url').slice(0, 8);
}
