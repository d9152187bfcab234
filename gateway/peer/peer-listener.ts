import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { ChannelTrust } from '@d-cloud/network/peers';
import type { Logger } from 'pino';
import { LargeBodies } from './large-bodies.ts';
import { peerCallerOf } from './peer-caller.ts';
import { asPeerProblem, notFound, PeerProblem, sendProblem } from './peer-problem.ts';
import { matchPeerRoute, type PeerRoute, readBody } from './peer-route.ts';

export type PeerListenerOptions = {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly certificate: string;
  readonly key: string;
  /** Whose certificates count; connections of who stops counting are closed. */
  readonly trust: ChannelTrust;
  readonly routes: readonly PeerRoute[];
  readonly log: Logger;
  /** Limits against slow and many connections; the defaults suit block transfers. */
  readonly headersTimeoutMs?: number;
  readonly requestTimeoutMs?: number;
  readonly maxConnections?: number;
};

/**
 * The listener between organizations: HTTPS with client certificates of the TLS roots of the channel's configuration in force, TLS 1.3
 * only. Before a configuration was read it lets nobody in.
 */
export class PeerListener implements AsyncDisposable {
  readonly #server: Server;
  readonly #stopping = new AbortController();
  readonly #bodies = new LargeBodies();
  readonly #sockets = new Set<TLSSocket>();
  readonly #opened = new DisposableStack();

  private constructor(server: Server) {
    this.#server = server;
  }

  static async open(options: PeerListenerOptions): Promise<PeerListener> {
    const { trust } = options;
    const server = createServer({
      ...secureContextOf(options),
      requestCert: true,
      rejectUnauthorized: true,
      handshakeTimeout: 10_000,
      headersTimeout: options.headersTimeoutMs ?? 10_000,
      requestTimeout: options.requestTimeoutMs ?? 60_000,
      connectionsCheckingInterval: 1_000,
      keepAliveTimeout: 30_000,
      maxHeaderSize: 8_192,
    });
    server.maxConnections = options.maxConnections ?? 512;
    const listener = new PeerListener(server);
    server.on('request', (incoming, outgoing) => {
      void listener.#answer(incoming, outgoing, options);
    });
    server.on('secureConnection', (socket) => {
      listener.#sockets.add(socket);
      socket.once('close', () => listener.#sockets.delete(socket));
    });
    listener.#opened.use(
      trust.onChange(() => {
        server.setSecureContext(secureContextOf(options));
        for (const socket of listener.#sockets) if (peerCallerOf(trust, socket) === undefined) socket.destroy();
      }),
    );
    server.on('tlsClientError', (error) => options.log.debug({ err: error }, 'peer connection refused'));
    server.listen(options.port, options.host);
    await once(server, 'listening');
    return listener;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async #answer(incoming: IncomingMessage, outgoing: ServerResponse, options: PeerListenerOptions): Promise<void> {
    const gone = new AbortController();
    outgoing.once('close', () => gone.abort(new Error('the peer went away')));
    try {
      const caller = peerCallerOf(options.trust, incoming.socket as TLSSocket);
      if (caller === undefined) throw new PeerProblem(401, 'CALLER_UNKNOWN', 'The certificate names no member.');
      const url = new URL(incoming.url ?? '/', 'https://peer.invalid');
      const matched = matchPeerRoute(options.routes, incoming.method ?? '', url.pathname);
      if (matched === undefined) throw notFound();
      const { route, params } = matched;
      const request = {
        caller,
        params,
        query: url.searchParams,
        header: (name: string) => {
          const value = incoming.headers[name];
          return typeof value === 'string' ? value : undefined;
        },
        signal: AbortSignal.any([gone.signal, this.#stopping.signal]),
      };
      route.admit?.(request);
      using _place = this.#bodies.take(caller.organization, sizeOf(incoming, route.bodyBytes));
      const reply = await route.answer({ ...request, body: await readBody(incoming, route.bodyBytes) });
      const length = reply.length ?? reply.body?.length ?? 0;
      outgoing.writeHead(reply.status, {
        ...(reply.type === undefined ? {} : { 'content-type': reply.type }),
        ...(reply.status === 204 ? {} : { 'content-length': length }),
      });
      outgoing.end(reply.body);
    } catch (error) {
      if (outgoing.destroyed) return;
      const problem = asPeerProblem(error);
      if (problem.status >= 500) options.log.warn({ err: error, path: incoming.url }, 'peer request failed');
      if (outgoing.headersSent) {
        outgoing.destroy();
        return;
      }
      // What is left of a refused body is not read: the connection ends with the answer.
      if (!incoming.complete) {
        outgoing.setHeader('connection', 'close');
        outgoing.once('finish', () => incoming.destroy());
      }
      sendProblem(outgoing, problem);
    }
  }

  /** Stops accepting, ends what runs, and is done when the last connection is closed. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#opened.dispose();
    this.#stopping.abort(new Error('the gateway stops'));
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeIdleConnections();
    const hurry = setTimeout(() => this.#server.closeAllConnections(), 2_000);
    await closed;
    clearTimeout(hurry);
  }
}

/** New handshakes are held against the roots in force; a ticket of an older context resumes nothing. */
function secureContextOf({ certificate, key, trust }: PeerListenerOptions) {
  // An empty list lets nobody in; left out, it would be what the system trusts.
  return { cert: certificate, key, ca: [...trust.roots.values()], minVersion: 'TLSv1.3' as const };
}

/** What a body may come to: what its sender announces, or all that the route allows. */
function sizeOf({ headers }: IncomingMessage, mostBytes: number): number {
  const announced = headers['content-length'];
  return announced === undefined ? mostBytes : Math.min(mostBytes, Number(announced));
}
