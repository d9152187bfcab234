import { Agent, request } from 'node:https';
import type { MspId } from '@d-cloud/chaincode/domain';
import { Refusal, type RefusalCode, refusals } from '@d-cloud/chaincode/domain';
import { Fault } from '@d-cloud/network/ledger';
import type { PeerCredentials } from './storage-ways.ts';

export type PeerAnswer = { readonly status: number; readonly body: Buffer };

const longestAnswer = 64 * 1024 * 1024;

/** Speaks to other organizations' gateways on their listeners, with our TLS certificate; connections are kept. */
export class PeerClient implements Disposable {
  readonly #credentials: PeerCredentials;
  readonly #agents = new Map<MspId, Agent>();

  constructor(credentials: PeerCredentials) {
    this.#credentials = credentials;
  }

  /** Posts JSON and gives the parsed answer of a 2xx. Refusals come back as refusals, everything else that is not 2xx is a Fault. */
  async post(
    organization: MspId,
    address: string,
    path: string,
    body: unknown,
    options: { readonly withinMs: number; readonly signal?: AbortSignal },
  ): Promise<unknown> {
    const answer = await this.#send(organization, new URL(path, address), Buffer.from(JSON.stringify(body)), options);
    if (answer.status >= 200 && answer.status < 300) return answer.body.length === 0 ? undefined : parsed(answer.body);
    throw refusalIn(answer, organization);
  }

  [Symbol.dispose](): void {
    for (const agent of this.#agents.values()) agent.destroy();
  }

  #agent(organization: MspId): Agent {
    const known = this.#agents.get(organization);
    if (known !== undefined) return known;
    const root = this.#credentials.roots.get(organization);
    if (root === undefined) throw new Fault('misconfigured', `No TLS root of ${organization} is known here.`);
    const { certificate, key } = this.#credentials.tls;
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

  #send(
    organization: MspId,
    url: URL,
    body: Buffer,
    { withinMs, signal }: { readonly withinMs: number; readonly signal?: AbortSignal },
  ): Promise<PeerAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<PeerAnswer>();
    const fail = (cause: unknown) =>
      reject(
        signal?.aborted
          ? signal.reason
          : new Fault('unavailable', `The gateway of ${organization} does not answer.`, { cause }),
      );
    const deadline = AbortSignal.timeout(withinMs);
    const outgoing = request(
      url,
      {
        method: 'POST',
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
    return promise;
  }
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch (cause) {
    throw new Fault('corrupt', 'Another gateway answered something that is not JSON.', { cause });
  }
}

function refusalIn({ status, body }: PeerAnswer, organization: MspId): Refusal | Fault {
  const problem = status < 500 ? (parsed(body) as { code?: unknown; detail?: unknown }) : {};
  const said = typeof problem.detail === 'string' ? problem.detail.slice(0, 500) : `status ${status}`;
  if (typeof problem.code === 'string' && Object.hasOwn(refusals, problem.code)) {
    return new Refusal(problem.code as RefusalCode, said);
  }
  return new Fault('unavailable', `The gateway of ${organization} answers: ${said}`, {
    // Their peer may not have the block yet that ours has.
    retryable: status >= 500 || status === 404,
  });
}
