import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Problem } from './problem.ts';
import type { StoredResponse } from './request-store.ts';
import type { Reply } from './route.ts';

const drainMs = 2_000;

/** Writes a reply down as it is sent and, for `Idempotency-Key`, kept. */
export function responseOf(reply: Reply, status: number): StoredResponse {
  const headers: Record<string, string> = { ...reply.headers };
  if (reply.location !== undefined) headers.Location = reply.location;
  if (reply.body === undefined || status === 204) return { status: reply.status ?? status, headers, body: '' };
  headers['Content-Type'] ??= 'application/json';
  const text = headers['Content-Type'].startsWith('application/json') ? JSON.stringify(reply.body) : String(reply.body);
  return { status: reply.status ?? status, headers, body: text };
}

export function problemResponse(problem: Problem, headers: Readonly<Record<string, string>>): StoredResponse {
  return {
    status: problem.status,
    headers: { ...headers, 'Content-Type': 'application/problem+json', 'Cache-Control': 'no-store' },
    body: JSON.stringify(problem),
  };
}

/** Sends an answer; a GET that the caller has already (by entity tag) becomes 304. */
export function send(incoming: IncomingMessage, outgoing: ServerResponse, response: StoredResponse): void {
  const body = Buffer.from(response.body);
  for (const [name, value] of Object.entries(response.headers)) outgoing.setHeader(name, value);
  if (incoming.method === 'GET' && response.status === 200) {
    const tag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
    outgoing.setHeader('ETag', tag);
    if (!outgoing.hasHeader('Cache-Control')) outgoing.setHeader('Cache-Control', 'private, no-cache');
    if (incoming.headers['if-none-match'] === tag) {
      outgoing.statusCode = 304;
      outgoing.end();
      return;
    }
  }
  outgoing.statusCode = response.status;
  outgoing.setHeader('Content-Length', body.length);
  if (!incoming.complete) closeAfter(incoming, outgoing);
  outgoing.end(body);
}

/** The caller is still sending what nobody will read: drain for a moment, so that the answer is not lost to a reset, then hang up. */
function closeAfter(incoming: IncomingMessage, outgoing: ServerResponse): void {
  outgoing.setHeader('Connection', 'close');
  incoming.resume();
  outgoing.once('finish', () => setTimeout(() => incoming.destroy(), drainMs).unref());
}
