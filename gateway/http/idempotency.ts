import type { IncomingMessage } from 'node:http';
import { canonicalJson, sha256 } from '@d-cloud/chaincode/domain';
import { Rejection } from './problem.ts';

/** Reads `Idempotency-Key`: 1 to 128 visible ASCII characters, plain or as a structured-field string in quotes. */
export function readIdempotencyKey(incoming: IncomingMessage): string | undefined {
  const header = incoming.headers['idempotency-key'];
  if (header === undefined) return undefined;
  const [, quoted, plain] =
    /^(?:"([\x21\x23-\x5b\x5d-\x7e]{1,128})"|([\x21\x23-\x5b\x5d-\x7e]{1,128}))$/.exec(String(header)) ?? [];
  const key = quoted ?? plain;
  if (key === undefined) {
    throw new Rejection('REQUEST_INVALID', 'An Idempotency-Key has 1 to 128 visible ASCII characters.', {
      errors: [{ pointer: '/headers/Idempotency-Key', detail: 'is not well formed' }],
    });
  }
  return key;
}

const streamHeaders = [
  'content-type',
  'content-length',
  'content-disposition',
  'repr-digest',
  'content-digest',
] as const;

/**
 * What makes two requests the same, as SHA-256 in hex: method, path, query and body. A streamed body is not read for this: its stated
 * length, type, name and digest stand for it.
 */
export function fingerprintOf(
  incoming: IncomingMessage,
  path: string,
  query: unknown,
  body: unknown,
  streamed: boolean,
): string {
  const content = streamed ? streamHeaders.map((name) => incoming.headers[name] ?? null) : [body ?? null];
  return sha256(canonicalJson([incoming.method ?? '', path, query, content]));
}
