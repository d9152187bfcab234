import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, isIP } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { Fault } from '@d-cloud/network/ledger';

export type Listener = AsyncDisposable & {
  /** `http://127.0.0.1:8080`, with the port the system chose when none was asked for. */
  readonly address: string;
};

export type ListenerOptions = {
  readonly host: string;
  readonly port: number;
  readonly tls?: { readonly certificate: string; readonly key: string };
  /** How long requests in flight may take to end before their sockets are cut. */
  readonly graceMs?: number;
  /** How long a request's headers may take. */
  readonly headersTimeoutMs?: number;
};

/**
 * Listens with bounds against slow and many connections: 16 KiB and 64 headers within 10 s, sockets silent for 5 min are closed.
 * Bodies have their own bounds: JSON 10 s, uploads a number per key. Disposing stops accepting, waits for what is in flight, then closes.
 */
export async function listen(handler: RequestListener, options: ListenerOptions): Promise<Listener> {
  const { host, port, tls, graceMs = 20_000, headersTimeoutMs = 10_000 } = options;
  if (tls === undefined && !isLoopback(host)) {
    throw new Fault('misconfigured', `REST without TLS may only listen on a loopback address, not on ${host}`);
  }
  const bounds = {
    maxHeaderSize: 16 * 1024,
    headersTimeout: headersTimeoutMs,
    requestTimeout: 0,
    keepAliveTimeout: 5_000,
    connectionsCheckingInterval: Math.min(2_000, headersTimeoutMs),
  };
  const server: Server =
    tls === undefined
      ? createServer(bounds, handler)
      : createTlsServer({ ...bounds, cert: tls.certificate, key: tls.key, minVersion: 'TLSv1.3' }, handler);
  server.maxHeadersCount = 64;
  server.maxConnections = 4_096;
  server.setTimeout(300_000);
  server.listen({ host, port, backlog: 1_024 });
  await once(server, 'listening').catch((cause: unknown) => {
    throw new Fault('misconfigured', `cannot listen on ${host}:${port}: is it taken by another program?`, { cause });
  });
  const bound = server.address() as AddressInfo;
  return {
    address: `${tls === undefined ? 'http' : 'https'}://${bound.family === 'IPv6' ? `[${bound.address}]` : bound.address}:${bound.port}`,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      server.closeIdleConnections();
      const over = new AbortController();
      await Promise.race([closed, pause(graceMs, undefined, { signal: over.signal }).catch(() => undefined)]);
      over.abort();
      server.closeAllConnections();
      await closed;
    },
  };
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}
