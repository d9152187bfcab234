import { Agent } from 'node:https';
import { Fault } from '../ledger/fault.ts';
import type { BlockOptions, BlockStore, IntakeOptions, UnverifiedBlocks } from './block-store.ts';
import { checkPut, maxBlockBytes, parseCid, verified } from './cid.ts';
import { Comparison } from './comparison.ts';
import { exchange, type HttpAnswer, type HttpQuestion } from './http-exchange.ts';
import { Intake } from './intake.ts';
import { type Patience, patiently, usualPatience } from './patience.ts';
import { refusalOf } from './problem.ts';

/** What entitles a caller to a block at another organization's gateway: the words of `D-Cloud-Right`, and for a put the version the block belongs to. */
export interface BlockRight {
  readonly words: readonly string[];
  readonly version?: string;
}

/** How other organizations' gateways are reached: our TLS identity, and the roots (from the channel's configuration) that the organization's gateway must chain to. All PEM. */
export interface PeerTls {
  readonly certificate: string;
  readonly key: string;
  readonly roots: string;
  /** The name that the gateway's certificate must carry, where it is not the host of its address. */
  readonly serverName?: string;
}

export interface OtherGatewayInit {
  /** `https://host:port` as it stands on the ledger. */
  readonly address: string;
  readonly tls: PeerTls;
  /** For one request, default 30 s. */
  readonly deadlineMs?: number;
  readonly patience?: Patience;
}

/** The connections to one other organization's gateway, shared by everything that is asked of it. */
export class OtherGateway implements Disposable {
  readonly #init: OtherGatewayInit;
  readonly #agent: Agent;

  constructor(init: OtherGatewayInit) {
    if (!init.address.startsWith('https://')) {
      throw new Fault('misconfigured', `a gateway's address is an https URL, not ${init.address.slice(0, 100)}`);
    }
    this.#init = init;
    const { certificate, key, roots, serverName } = init.tls;
    this.#agent = new Agent({
      keepAlive: true,
      maxSockets: 16,
      maxFreeSockets: 16,
      minVersion: 'TLSv1.3',
      cert: certificate,
      key,
      ca: roots,
      ...(serverName === undefined ? {} : { servername: serverName }),
    });
  }

  /** The blocks of one storage node behind this gateway, asked for with that right. */
  blocks(storageNode: string, right: BlockRight): BlockStore & UnverifiedBlocks {
    return new GatewayBlocks((question) => this.#ask(question, storageNode, right), this.#patience, storageNode);
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }

  get #patience(): Patience {
    return this.#init.patience ?? usualPatience;
  }

  #ask(question: BlockQuestion, storageNode: string, right: BlockRight): Promise<HttpAnswer> {
    const url = new URL(`/v1/blocks/${question.cid}`, this.#init.address);
    url.searchParams.set('node', storageNode);
    return exchange({
      method: question.method,
      url,
      headers: {
        'D-Cloud-Right': right.words.join(' '),
        ...(right.version === undefined ? {} : { 'D-Cloud-Version': right.version }),
        ...(question.body ? { 'Content-Type': 'application/vnd.ipld.raw' } : {}),
      },
      ...(question.body ? { body: [question.body] } : {}),
      agent: this.#agent,
      maxBytes: maxBlockBytes,
      take: question.take,
      deadlineMs: this.#init.deadlineMs ?? 30_000,
      signal: question.signal,
      asked: `the gateway of storage node ${storageNode}`,
    });
  }
}

interface BlockQuestion {
  readonly method: HttpQuestion['method'];
  readonly cid: string;
  readonly body?: Uint8Array;
  readonly take?: (piece: Buffer) => void;
  readonly signal: AbortSignal | undefined;
}

class GatewayBlocks implements BlockStore, UnverifiedBlocks {
  readonly #ask: (question: BlockQuestion) => Promise<HttpAnswer>;
  readonly #patience: Patience;
  readonly #name: string;

  constructor(ask: (question: BlockQuestion) => Promise<HttpAnswer>, patience: Patience, storageNode: string) {
    this.#ask = ask;
    this.#patience = patience;
    this.#name = `the gateway of storage node ${storageNode}`;
  }

  async put(text: string, bytes: Uint8Array, { signal }: BlockOptions = {}): Promise<void> {
    const cid = checkPut(text, bytes);
    await this.#patiently(signal, async () => {
      this.#done(await this.#ask({ method: 'PUT', cid, body: bytes, signal }));
      // The other organization says that it has the block; only the bytes themselves show it.
      const comparison = new Comparison(bytes);
      this.#done(await this.#ask({ method: 'GET', cid, signal, take: comparison.take }));
      if (!comparison.equal) throw new Fault('corrupt', `${this.#name} does not give back block ${cid} as it was put`);
    });
  }

  async get(text: string, { signal }: BlockOptions = {}): Promise<Buffer> {
    const cid = parseCid(text);
    return await this.#patiently(signal, async () => {
      const { body } = this.#done(await this.#ask({ method: 'GET', cid, signal }));
      return verified(cid, body, this.#name);
    });
  }

  async getUnverified(text: string, { signal, into }: IntakeOptions = {}): Promise<Uint8Array> {
    const cid = parseCid(text);
    return await this.#patiently(signal, async () => {
      if (into === undefined) return this.#done(await this.#ask({ method: 'GET', cid, signal })).body;
      const intake = new Intake(into, signal);
      const answered = this.#ask({ method: 'GET', cid, signal, take: intake.take });
      this.#done(await answered.finally(() => intake.close()));
      return intake.bytes(this.#name);
    });
  }

  async stat(text: string, { signal }: BlockOptions = {}): Promise<number | undefined> {
    const cid = parseCid(text);
    return await this.#patiently(signal, async () => {
      const answer = await this.#ask({ method: 'HEAD', cid, signal });
      if (answer.status === 404) return undefined;
      const size = Number(this.#done(answer).headers['content-length'] ?? Number.NaN);
      if (!Number.isSafeInteger(size)) throw new Fault('corrupt', `${this.#name} told no size`);
      return size;
    });
  }

  async remove(text: string, { signal }: BlockOptions = {}): Promise<boolean> {
    const cid = parseCid(text);
    return await this.#patiently(signal, async () => {
      const answer = await this.#ask({ method: 'DELETE', cid, signal });
      if (answer.status === 404) return false;
      this.#done(answer);
      return true;
    });
  }

  #patiently<T>(signal: AbortSignal | undefined, attempt: () => Promise<T>): Promise<T> {
    return patiently(attempt, this.#patience, signal);
  }

  #done(answer: HttpAnswer): HttpAnswer {
    if (answer.status >= 200 && answer.status < 300) return answer;
    throw refusalOf(answer, this.#name);
  }
}
