import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { commands } from './commands/index.ts';
import { drip, parseFault, pause } from './fault-switch.ts';
import { BadCall, type NodeParts, type Reply, RpcCall } from './rpc-call.ts';

const prefix = '/api/v0/';
const maxUnreadBytes = 16 * 1024 * 1024;

/** How the RPC of one node is guarded: its bearer token, whether the fault switch exists, and where an error nobody expected is told. */
export interface RpcGuard {
  readonly token: string;
  readonly faultSwitch: boolean;
  readonly onUnexpected: (error: unknown) => void;
}

/** Kubo's RPC (`/api/v0/`, POST only, token first) in front of one node's blocks. The caller listens, on loopback. */
export function rpcServer(node: NodeParts, guard: RpcGuard): Server {
  const expected = Buffer.from(`Bearer ${guard.token}`);
  const server = createServer({ headersTimeout: 10_000, requestTimeout: 120_000, keepAliveTimeout: 30_000 });
  server.on('checkContinue', (request, response) => {
    if (isAllowed(request, expected)) response.writeContinue();
    server.emit('request', request, response);
  });
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    answer(request, response, { node, guard, expected, signal: gone.signal })
      .catch((error: unknown) => failed(response, error, guard))
      .finally(() => discard(request));
  });
  return server;
}

interface Exchange {
  readonly node: NodeParts;
  readonly guard: RpcGuard;
  readonly expected: Buffer;
  readonly signal: AbortSignal;
}

async function answer(request: IncomingMessage, response: ServerResponse, exchange: Exchange): Promise<void> {
  const { node, guard, expected, signal } = exchange;
  if (!isAllowed(request, expected)) {
    return plain(
      response,
      403,
      'Kubo RPC Access Denied: Please provide a valid authorization token as defined in the API.Authorizations configuration.',
    );
  }
  const url = new URL(request.url ?? '/', 'http://loopback');
  const path = url.pathname.startsWith(prefix) ? url.pathname.slice(prefix.length) : '';
  if (path === 'fault' && guard.faultSwitch) return turnFaultSwitch(url.searchParams, response, node);
  if (isBrowser(request)) return plain(response, 403, '403 - Forbidden');
  const command = commands.get(path);
  if (!command) return plain(response, 404, '404 page not found');
  if (request.method !== 'POST') {
    response.setHeader('Allow', 'OPTIONS, POST');
    return request.method === 'OPTIONS' ? empty(response) : plain(response, 405, '405 - Method Not Allowed');
  }
  if (node.fault.kind === 'dead') return void request.socket.destroy();
  if (node.fault.kind === 'silent') return pause(2 ** 31 - 1, signal);
  if (node.fault.kind === 'slow') {
    const sentBytes = Number(request.headers['content-length'] ?? 0);
    await pause(node.fault.delayMs + (sentBytes / node.fault.bytesPerSecond) * 1000, signal);
  }
  await send(response, await command(new RpcCall(request, url.searchParams), node), exchange);
}

async function send(response: ServerResponse, reply: Reply, { node, signal }: Exchange): Promise<void> {
  switch (reply.kind) {
    case 'json':
      head(response, 200, { 'Content-Type': 'application/json' });
      response.end(`${JSON.stringify(reply.value)}\n`);
      return;
    case 'bytes':
      head(response, 200, { 'Content-Type': 'application/vnd.ipld.raw', 'X-Stream-Output': '1' });
      if (node.fault.kind !== 'slow') return void response.end(reply.bytes);
      for await (const piece of drip(reply.bytes, node.fault.bytesPerSecond, signal)) response.write(piece);
      response.end();
      return;
    case 'lines':
      // The status waits for the first line, so that what fails at once is an error and not a torn list.
      for await (const line of reply.lines) {
        if (signal.aborted) return;
        if (!response.headersSent) linesHead(response);
        if (!response.write(`${JSON.stringify(line)}\n`)) await drained(response, signal);
      }
      if (!response.headersSent) linesHead(response);
      response.end();
  }
}

function failed(response: ServerResponse, error: unknown, guard: RpcGuard): void {
  const message = error instanceof Error ? error.message : String(error);
  if (response.destroyed) return;
  if (response.headersSent) {
    response.addTrailers({ 'X-Stream-Error': message.replaceAll(/[^\x20-\x7e]/g, ' ') });
    response.end();
    return;
  }
  if (error instanceof BadCall) {
    plain(response, 400, error.message);
    return;
  }
  if ((error as NodeJS.ErrnoException).code !== undefined) guard.onUnexpected(error);
  head(response, 500, { 'Content-Type': 'application/json' });
  response.end(`${JSON.stringify({ Message: message, Code: 0, Type: 'error' })}\n`);
}

function turnFaultSwitch(query: URLSearchParams, response: ServerResponse, node: NodeParts): void {
  const fault = parseFault(query);
  if (!fault) {
    plain(response, 400, 'mode is one of none, slow, lying, full, dead, silent');
    return;
  }
  node.fault = fault;
  head(response, 200, { 'Content-Type': 'application/json' });
  response.end(`${JSON.stringify(fault)}\n`);
}

/** A browser must not reach the RPC, even with the token: Kubo refuses foreign origins too. */
function isBrowser(request: IncomingMessage): boolean {
  const { origin, referer, 'user-agent': agent } = request.headers;
  return origin !== undefined || referer !== undefined || (agent ?? '').startsWith('Mozilla');
}

function isAllowed(request: IncomingMessage, expected: Buffer): boolean {
  const given = Buffer.from(request.headers.authorization ?? '');
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function head(response: ServerResponse, status: number, headers: Readonly<Record<string, string>>): void {
  response.writeHead(status, {
    'Access-Control-Allow-Headers': 'X-Stream-Output, X-Chunked-Output, X-Content-Length',
    'Access-Control-Expose-Headers': 'X-Stream-Output, X-Chunked-Output, X-Content-Length',
    Server: 'kubo/0.41.0',
    Trailer: 'X-Stream-Error',
    Vary: 'Origin',
    ...headers,
  });
}

function linesHead(response: ServerResponse): void {
  head(response, 200, { 'Content-Type': 'application/json', 'X-Chunked-Output': '1' });
}

function plain(response: ServerResponse, status: number, sentence: string): void {
  const text = `${sentence}\n`;
  response.writeHead(status, {
    'Content-Type': 'text/plain; charset=utf-8',
    'X-Content-Type-Options': 'nosniff',
    Vary: 'Origin',
    'Content-Length': Buffer.byteLength(text),
  });
  response.end(text);
}

function empty(response: ServerResponse): void {
  response.writeHead(204, { Vary: 'Origin' });
  response.end();
}

/** Lets the rest of a refused body pass by, so that the answer reaches its sender, but not without end. */
function discard(request: IncomingMessage): void {
  if (request.readableEnded || request.destroyed) return;
  let unread = 0;
  request.on('data', (piece: Buffer) => {
    unread += piece.length;
    if (unread > maxUnreadBytes) request.destroy();
  });
  request.resume();
}

async function drained(response: ServerResponse, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  response.once('drain', resolve);
  signal.addEventListener('abort', () => resolve(), { once: true });
  await promise;
}
