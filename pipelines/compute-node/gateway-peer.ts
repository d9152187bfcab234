import { Agent, request } from 'node:https';
import { Fault } from '@d-cloud/network/ledger';

export type PeerTls = { readonly certificate: string; readonly key: string; readonly roots: readonly string[] };

export type PeerAnswer = { readonly status: number; readonly body: Buffer };

const longestAnswer = 64 * 2 ** 20;

/** Speaks to organizations' gateways on their mTLS listeners. One per compute node; connections are kept. */
export class GatewayPeers implements AsyncDisposable {
  readonly #agent: Agent;

  constructor(tls: PeerTls) {
    this.#agent = new Agent({
      keepAlive: true,
      maxSockets: 16,
      cert: tls.certificate,
      key: tls.key,
      ca: [...tls.roots],
      minVersion: 'TLSv1.3',
    });
  }

  /** Sends one request; answers of 500 and above, silence and broken connections are faults, other statuses are the caller's to read. */
  send(
    method: 'GET' | 'POST' | 'PUT',
    url: URL,
    options: {
      readonly body?: Uint8Array;
      readonly type?: string;
      readonly withinMs: number;
      readonly signal?: AbortSignal;
    },
  ): Promise<PeerAnswer> {
    const { body, type = 'application/json', withinMs, signal } = options;
    const ends = [AbortSignal.timeout(withinMs), ...(signal ? [signal] : [])];
    return new Promise((resolve, reject) => {
      const fail = (cause: unknown) => {
        signal?.aborted
          ? reject(signal.reason)
          : reject(
              new Fault('unavailable', `The gateway at ${url.host} does not answer ${method} ${url.pathname}`, {
                cause,
              }),
            );
      };
      const outgoing = request(
        url,
        {
          method,
          agent: this.#agent,
          signal: AbortSignal.any(ends),
          headers: body ? { 'content-type': type, 'content-length': body.length } : {},
        },
        (answer) => {
          const pieces: Buffer[] = [];
          let size = 0;
          answer.on('data', (piece: Buffer) => {
            size += piece.length;
            if (size > longestAnswer) answer.destroy(new Error(`more than ${longestAnswer} bytes`));
            else pieces.push(piece);
          });
          answer.once('error', fail);
          answer.once('end', () => {
            const status = answer.statusCode ?? 0;
            if (status >= 500) fail(new Error(`HTTP ${status}`));
            else resolve({ status, body: Buffer.concat(pieces) });
          });
        },
      );
      outgoing.once('error', fail);
      outgoing.end(body);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#agent.destroy();
  }
}
