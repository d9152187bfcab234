import http2, { type ClientHttp2Session, type ClientHttp2Stream, type SecureClientSessionOptions } from 'node:http2';
import { FrameReader, framed } from '../wire/frames.ts';

const MAX_MESSAGE_BYTES = 100 << 20;

export interface StreamEvents {
  message(message: Buffer): void;
  /** Once; `undefined` when the other side ended it in good order. */
  end(cause: Error | undefined): void;
}

/**
 * A client stream of gRPC messages on node:http2 alone. Messages written in one turn of the event loop leave as one DATA
 * frame, which is what makes it cheaper than a grpc-js stream when many transactions share it.
 */
export class MessageStream {
  readonly #session: ClientHttp2Session;
  readonly #request: ClientHttp2Stream;
  readonly #events: StreamEvents;
  #pending: Uint8Array[] = [];
  #ended = false;

  constructor(address: string, path: string, tls: SecureClientSessionOptions, events: StreamEvents) {
    this.#events = events;
    const session = http2.connect(`https://${address}`, { ...tls, settings: { initialWindowSize: 4 << 20 } });
    this.#session = session;
    session.on('error', (cause) => this.#end(cause));
    session.on('close', () => this.#end(undefined));
    session.on('remoteSettings', () => session.setLocalWindowSize(8 << 20));
    const headers = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' };
    const request = session.request(headers, { endStream: false });
    this.#request = request;
    const frames = new FrameReader(MAX_MESSAGE_BYTES);
    request.on('data', (arrived: Buffer) => {
      try {
        for (const message of frames.take(arrived)) events.message(message);
      } catch (cause) {
        this.#end(cause as Error);
      }
    });
    request.on('trailers', (trailers) => {
      const status = trailers['grpc-status'];
      if (status !== '0') this.#end(new Error(String(trailers['grpc-message'] ?? `grpc status ${status}`)));
    });
    request.on('end', () => this.#end(undefined));
    // A request that could not begin names the session's failure as its cause.
    request.on('error', (cause) => this.#end((cause.cause as Error | undefined) ?? cause));
  }

  write(message: Uint8Array): void {
    if (this.#ended || this.#pending.push(message) > 1) return;
    setImmediate(() => {
      const pending = this.#pending;
      this.#pending = [];
      if (!this.#ended) this.#request.write(framed(...pending));
    });
  }

  close(): void {
    this.#end(undefined);
  }

  #end(cause: Error | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#session.destroy();
    this.#events.end(cause);
  }
}
