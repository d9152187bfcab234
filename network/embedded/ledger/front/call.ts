import { once } from 'node:events';
import type { ServerHttp2Stream } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { sha256 } from '../msp/signature.ts';
import { framed } from '../wire/frames.ts';
import { trailersOf } from './rpc-error.ts';

const OPEN = { ':status': 200, 'content-type': 'application/grpc' } as const;

/** One gRPC call on the server's side. */
export class Call {
  readonly #stream: ServerHttp2Stream;
  #gone: AbortController | undefined;
  #started = false;
  #finished = false;
  #trailers: Record<string, string> = { 'grpc-status': '0' };

  constructor(stream: ServerHttp2Stream) {
    this.#stream = stream;
    stream.on('error', () => {});
    stream.on('close', () => this.#gone?.abort(new Error('the call has ended')));
  }

  /** Aborted when the caller has gone. Made only when asked for: most calls never wait. */
  get signal(): AbortSignal {
    this.#gone ??= new AbortController();
    if (this.#stream.closed || this.#stream.destroyed) this.#gone.abort(new Error('the call has ended'));
    return this.#gone.signal;
  }

  /** SHA-256 of the caller's TLS certificate, where it was asked for one: Fabric binds signed requests to it. */
  get certificateHash(): Buffer | undefined {
    const { raw } = (this.#stream.session?.socket as TLSSocket | undefined)?.getPeerCertificate() ?? {};
    return raw === undefined ? undefined : sha256(raw);
  }

  get over(): boolean {
    return this.#finished || this.#stream.closed || this.#stream.destroyed;
  }

  /** Sends one message; resolves when more may follow or the caller has gone. */
  async send(message: Uint8Array): Promise<void> {
    if (this.over) return;
    this.#start();
    if (this.#stream.write(framed(message))) return;
    // The caller may go while we wait: then there is no drain.
    await once(this.#stream, 'drain', { signal: this.signal }).catch(() => {});
  }

  /** Sends the only message of a call and ends it. */
  reply(message: Uint8Array): void {
    if (this.over) return;
    this.#start();
    this.#finished = true;
    this.#stream.end(framed(message));
  }

  end(): void {
    if (this.over) return;
    this.#start();
    this.#finished = true;
    this.#stream.end();
  }

  fail(error: unknown): void {
    if (this.over) return;
    this.#finished = true;
    const trailers = trailersOf(error);
    if (this.#started) {
      this.#trailers = trailers;
      this.#stream.end();
    } else this.#stream.respond({ ...OPEN, ...trailers }, { endStream: true });
  }

  #start(): void {
    if (this.#started) return;
    this.#started = true;
    this.#stream.respond(OPEN, { waitForTrailers: true });
    this.#stream.on('wantTrailers', () => this.#stream.sendTrailers(this.#trailers));
  }
}
