import { Agent, request } from 'node:https';
import { Fault } from '../ledger/fault.ts';

/** Our TLS identity at other organizations' gateways, and the TLS roots that each of those must chain to. PEM. */
export interface PeerCredentials {
  readonly tls: { readonly certificate: string; readonly key: string };
  /** By MSP id; read anew for every call, because they change with the channel's configuration. */
  readonly roots: ReadonlyMap<string, string>;
}

export interface PeerCall {
  readonly withinMs: number;
  readonly signal?: AbortSignal;
  /** Longest answer in bytes; 64 MiB where it is left out. */
  readonly mostBytes?: number;
}

/** Reads a refusal out of `CODE: sentence`, which is what a problem document (RFC 9457) comes to; this package knows none. */
export type ReadRefusal = (text: string) => Error | undefined;

const longestAnswer = 64 * 1024 * 1024;

/** Speaks JSON to other organizations' gateways over mutual TLS; connections are kept, and every call has an end. */
export class PeerClient implements Disposable {
  readonly #credentials: PeerCredentials;
  readonly #readRefusal: ReadRefusal;
  readonly #agents = new Map<string, { readonly roots: string; readonly agent: Agent }>();

  constructor(credentials: PeerCredentials, readRefusal: ReadRefusal) {
    this.#credentials = credentials;
    this.#readRefusal = readRefusal;
  }

  /**
   * Sends JSON to a gateway (`address` as it stands on the ledger) and gives the parsed answer of a 2xx, undefined for an empty one.
   * Throws the refusal that the other side names, and a Fault for everything else.
   */
  async send(
    method: 'POST' | 'PUT',
    { organization, address }: { readonly organization: string; readonly address: string },
    path: string,
    body: unknown,
    call: PeerCall,
  ): Promise<unknown> {
    return this.#asked(method, { organization, address }, path, Buffer.from(JSON.stringify(body)), call);
  }

  /** Reads from a gateway, with the same promises as {@link send}. */
  get(
    who: { readonly organization: string; readonly address: string },
    path: string,
    call: PeerCall,
  ): Promise<unknown> {
    return this.#asked('GET', who, path, Buffer.alloc(0), call);
  }

  async #asked(
    method: string,
    { organization, address }: { readonly organization: string; readonly address: string },
    path: string,
    body: Buffer,
    call: PeerCall,
  ): Promise<unknown> {
    const answer = await this.#exchange(method, organization, new URL(path, address), body, call);
    if (answer.status >= 200 && answer.status < 300) {
      return answer.body.length === 0 ? undefined : parsed(answer.body, organization);
    }
    throw this.#problem(answer, organization);
  }

  [Symbol.dispose](): void {
    for (const { agent } of this.#agents.values()) agent.destroy();
  }

  #exchange(
    method: string,
    organization: string,
    url: URL,
    body: Buffer,
    { withinMs, signal, mostBytes = longestAnswer }: PeerCall,
  ): Promise<{ status: number; body: Buffer }> {
    const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: Buffer }>();
    const deadline = AbortSignal.timeout(withinMs);
    const fail = (cause: unknown) =>
      reject(
        signal?.aborted
          ? signal.reason
          : new Fault('unavailable', `The gateway of ${organization} does not answer ${method} ${url.pathname}`, {
              cause,
            }),
      );
    const outgoing = request(
      url,
      {
        method,
        agent: this.#agent(organization),
        signal: signal === undefined ? deadline : AbortSignal.any([signal, deadline]),
        headers: body.length === 0 ? {} : { 'content-type': 'application/json', 'content-length': body.length },
      },
      (answer) => {
        const pieces: Buffer[] = [];
        let size = 0;
        answer.on('data', (piece: Buffer) => {
          size += piece.length;
          if (size > mostBytes) answer.destroy(new Error(`more than ${mostBytes} bytes`));
          else pieces.push(piece);
        });
        answer.once('error', fail);
        answer.once('end', () => resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(pieces, size) }));
      },
    );
    outgoing.once('error', fail);
    outgoing.end(body);
    return promise;
  }

  #agent(organization: string): Agent {
    const roots = this.#credentials.roots.get(organization);
    const known = this.#agents.get(organization);
    if (known !== undefined && known.roots === roots) return known.agent;
    // What was verified under roots that are gone is not spoken to any more.
    known?.agent.destroy();
    this.#agents.delete(organization);
    if (roots === undefined)
      throw new Fault('misconfigured', `The channel's configuration names no TLS root of ${organization}`);
    const { certificate, key } = this.#credentials.tls;
    const agent = new Agent({
      keepAlive: true,
      maxSockets: 8,
      minVersion: 'TLSv1.3',
      cert: certificate,
      key,
      ca: roots,
    });
    this.#agents.set(organization, { roots, agent });
    return agent;
  }

  #problem({ status, body }: { status: number; body: Buffer }, organization: string): Error {
    const answered = status < 500 ? parsed(body, organization) : undefined;
    const problem: { code?: unknown; detail?: unknown } =
      typeof answered === 'object' && answered !== null ? answered : {};
    const said = typeof problem.detail === 'string' ? problem.detail.slice(0, 500) : `status ${status}`;
    const refusal = typeof problem.code === 'string' ? this.#readRefusal(`${problem.code}: ${said}`) : undefined;
    return (
      refusal ??
      new Fault('unavailable', `The gateway of ${organization} answers: ${said}`, { retryable: status >= 500 })
    );
  }
}

function parsed(body: Buffer, organization: string): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch (cause) {
    throw new Fault('corrupt', `The gateway of ${organization} answers something that is not JSON`, { cause });
  }
}
