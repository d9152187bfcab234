import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { listeningRefusal, splitAddress } from '../front/grpc-server.ts';
import { type ParticipatingOrderer, participationAnswer } from './participation-api.ts';

export interface ParticipationTls {
  readonly certificate: Buffer;
  readonly key: Buffer;
  readonly clientRoots: Buffer;
}

/** One organization's channel participation API: HTTPS, and only for callers with a certificate of the given authorities. */
export class ParticipationServer implements AsyncDisposable {
  readonly #server: Server;
  readonly #connections = new Set<Duplex>();

  constructor(orderer: ParticipatingOrderer, { certificate, key, clientRoots }: ParticipationTls) {
    const tls = { cert: certificate, key, ca: clientRoots, requestCert: true, rejectUnauthorized: true };
    this.#server = createServer(
      { ...tls, minVersion: 'TLSv1.2', requestTimeout: 30_000 },
      async (request, response) => {
        const { method = '', url = '', headers } = request;
        const answer = await participationAnswer(
          {
            method,
            path: url.replace(/\?.*$/, ''),
            contentType: headers['content-type'],
            accept: headers.accept,
            body: request,
          },
          orderer,
        ).catch((cause: Error) => ({ status: 500, headers: {}, body: { error: cause.message } }));
        const json = answer.body === undefined ? undefined : `${JSON.stringify(answer.body)}\n`;
        const type = json === undefined ? {} : { 'content-type': 'application/json' };
        response.writeHead(answer.status, { ...answer.headers, ...type });
        // What was not read of a body that is too large must not be taken for the next request.
        if (!request.complete) response.shouldKeepAlive = false;
        response.end(json);
      },
    );
    this.#server.on('connection', (socket) => {
      this.#connections.add(socket);
      socket.on('close', () => this.#connections.delete(socket));
    });
    this.#server.on('tlsClientError', () => {});
  }

  /** Listens on `host:port` (port 0: any free one) and gives the address it has then. */
  async listen(address: string): Promise<string> {
    const [host, port] = splitAddress(address);
    this.#server.listen(port, host);
    try {
      await once(this.#server, 'listening');
    } catch (cause) {
      throw listeningRefusal(address, cause as NodeJS.ErrnoException);
    }
    this.#server.on('error', () => {});
    return `${host}:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#connections) socket.destroy();
    await closed;
  }
}
