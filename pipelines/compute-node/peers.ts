import { Agent, request } from 'node:https';
import { type MspId, Refusal, type RefusalCode, refusals } from '@d-cloud/chaincode/domain';
import { Fault } from '@d-cloud/network/ledger';

/** A compute node's TLS identity and the TLS root of every organization. PEM. */
export type PeerTls = {
  readonly certificate: string;
  readonly key: string;
  readonly roots: ReadonlyMap<MspId, string>;
};

export type PeerCall = { readonly withinMs: number; readonly signal?: AbortSignal };

const longestAnswer = 64 * 2 ** 20;

/** Speaks to organizations' gateways on their mTLS listeners; their addresses stand on the ledger. Connections are kept. */
export class Peers implements Disposable {
  readonly tls: PeerTls;
  readonly #addressOf: (organization: MspId) => Promise<string>;
  readonly #agents = new Map<MspId, Agent>();

  constructor(tls: PeerTls, addressOf: (organization: MspId) => Promise<string>) {
    this.tls = tls;
    this.#addressOf = addressOf;
  }

  /** Sends JSON and gives the parsed answer. Refusals come back as refusals; everything else that is no success is a Fault. */
  async post(organization: MspId, path: string, body: unknown, call: PeerCall): Promise<unknown> {
    return this.#send('POST', organization, path, Buffer.from(JSON.stringify(body)), call);
  }

  async put(organization: MspId, path: string, body: unknown, call: PeerCall): Promise<unknown> {
    return this.#send('PUT', organization, path, Buffer.from(JSON.stringify(body)), call);
  }

  [Symbol.dispose](): void {
    for (const agent of this.#agents.values()) agent.destroy();
  }

  async #send(
    method: string,
    organization: MspId,
    path: string,
    body: Buffer,
    { withinMs, signal }: PeerCall,
  ): Promise<unknown> {
    const url = new URL(path, await this.#addressOf(organization));
    const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: Buffer }>();
    const deadline = AbortSignal.timeout(withinMs);
    const fail = (cause: unknown) =>
      reject(
        signal?.aborted
          ? signal.reason
          : new Fault('unavailable', `The gateway of ${organization} does not answer ${method} ${path}`, { cause }),
      );
    const outgoing = request(
      url,
      {
        method,
        agent: this.#agent(organization),
        signal: signal === undefined ? deadline : AbortSignal.any([signal, deadline]),
        headers: { 'content-type': 'application/json', 'content-length': body.length },
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
        answer.once('end', () => resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(pieces, size) }));
      },
    );
    outgoing.once('error', fail);
    outgoing.end(body);
    const answer = await promise;
    if (answer.status >= 200 && answer.status < 300)
      return answer.body.length === 0 ? undefined : parsed(answer.body, organization);
    throw refusalIn(answer, organization);
  }

  #agent(organization: MspId): Agent {
    const known = this.#agents.get(organization);
    if (known !== undefined) return known;
    const root = this.tls.roots.get(organization);
    if (root === undefined) throw new Fault('misconfigured', `No TLS root of ${organization} is configured`);
    const { certificate, key } = this.tls;
    const agent = new Agent({
      keepAlive: true,
      maxSockets: 8,
      minVersion: 'TLSv1.3',
      cert: certificate,
      key,
      ca: root,
    });
    this.#agents.set(organization, agent);
    return agent;
  }
}

function parsed(body: Buffer, organization: MspId): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch (cause) {
    throw new Fault('corrupt', `The gateway of ${organization} answers something that is not JSON`, { cause });
  }
}

function refusalIn({ status, body }: { status: number; body: Buffer }, organization: MspId): Refusal | Fault {
  const problem = status < 500 ? (parsed(body, organization) as { code?: unknown; detail?: unknown }) : {};
  const said = typeof problem.detail === 'string' ? problem.detail.slice(0, 500) : `status ${status}`;
  if (typeof problem.code === 'string' && Object.hasOwn(refusals, problem.code)) {
    return new Refusal(problem.code as RefusalCode, said);
  }
  return new Fault('unavailable', `The gateway of ${organization} answers: ${said}`, { retryable: status >= 500 });
}
