import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { dispositionOf } from '../publish/upload-form.ts';
import type { OpenedContent } from './open-content.ts';

/**
 * Streams opened content as the answer, no faster than it is read; its digest follows as a trailer (RFC 9530). What fails after the first byte
 * ends the connection without the last chunk, so that a reader never takes a part for the whole.
 */
export async function sendContent(
  outgoing: ServerResponse,
  content: OpenedContent,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  const { mediaType, name } = content;
  outgoing.writeHead(200, {
    'Content-Type': mediaType,
    'Cache-Control': 'private, no-store',
    Trailer: 'Repr-Digest',
    ...(name === undefined ? {} : { 'Content-Disposition': dispositionOf(name) }),
    ...headers,
  });
  await pipeline(Readable.from(content.bytes), outgoing, { end: false });
  const digest = content.digest();
  if (digest !== undefined) {
    outgoing.addTrailers({ 'Repr-Digest': `sha-256=:${Buffer.from(digest, 'hex').toString('base64')}:` });
  }
  outgoing.end();
}
