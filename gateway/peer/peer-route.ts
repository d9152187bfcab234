import type { IncomingMessage } from 'node:http';
import type { PeerCaller } from './peer-caller.ts';
import { PeerProblem } from './peer-problem.ts';

export type PeerRequest = {
  readonly caller: PeerCaller;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly header: (name: string) => string | undefined;
  /** The whole body, at most as long as the route allows. */
  readonly body: Buffer;
  readonly signal: AbortSignal;
};

export type PeerReply = {
  readonly status: number;
  readonly body?: Uint8Array;
  readonly type?: string;
  /** For HEAD: the length that GET would have. */
  readonly length?: number;
};

/** One operation between organizations. `path` has `:name` for each parameter. */
export type PeerRoute = {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  readonly path: string;
  /** Longest body in bytes; 0 where a body is refused. */
  readonly bodyBytes: number;
  /** Refuses, before any of the body is read, who has no right to send one. */
  admit?(request: Omit<PeerRequest, 'body'>): void;
  answer(request: PeerRequest): Promise<PeerReply>;
};

/** Finds the route of a method and path, with its parameters. */
export function matchPeerRoute(
  routes: readonly PeerRoute[],
  method: string,
  path: string,
): { route: PeerRoute; params: Record<string, string> } | undefined {
  const words = path.split('/');
  for (const route of routes) {
    if (route.method !== method) continue;
    const pattern = route.path.split('/');
    if (pattern.length !== words.length) continue;
    const params: Record<string, string> = {};
    const matches = pattern.every((part, at) => {
      const word = words[at] ?? '';
      if (!part.startsWith(':')) return part === word;
      params[part.slice(1)] = word;
      return /^[A-Za-z0-9._-]{1,128}$/.test(word);
    });
    if (matches) return { route, params };
  }
  return undefined;
}

/** Reads a whole body, refusing it at the first byte beyond the limit. */
export async function readBody(incoming: IncomingMessage, limitBytes: number): Promise<Buffer> {
  const announced = Number(incoming.headers['content-length'] ?? 0);
  if (announced > limitBytes) throw tooLarge(limitBytes);
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of incoming as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size > limitBytes) throw tooLarge(limitBytes);
    pieces.push(piece);
  }
  return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces, size);
}

function tooLarge(limitBytes: number): PeerProblem {
  return new PeerProblem(413, 'BODY_TOO_LARGE', `The body may have at most ${limitBytes} bytes.`);
}

/** A JSON body of at most the route's length, or a 400. */
export function readJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw new PeerProblem(400, 'JSON_MALFORMED', 'The body is not JSON.');
  }
}
