import { randomUUID } from 'node:crypto';
import { Agent } from 'node:http';
import { Fault } from '../ledger/fault.ts';
import type { BlockOptions, BlockStore, IntakeOptions, UnverifiedBlocks } from './block-store.ts';
import { type BlockCid, checkPut, maxBlockBytes, parseCid, verified } from './cid.ts';
import { Comparison } from './comparison.ts';
import { exchange, type HttpAnswer } from './http-exchange.ts';
import { Intake } from './intake.ts';
import { faultOf, fieldsOf } from './kubo-answer.ts';
import { KuboControl } from './kubo-control.ts';
import { type Patience, patiently, usualPatience } from './patience.ts';
import { StoreRefusal } from './refusal.ts';

/** A storage node of the own organization: its RPC (an http URL on loopback) and the bearer token that the RPC asks for. */
export interface OwnNodeInit {
  readonly id: string;
  readonly address: string;
  readonly token: string;
  /** For one request, default 15 s. */
  readonly deadlineMs?: number;
  readonly patience?: Patience;
}

const maxAnswerBytes = 64 * 1024;

/**
 * Blocks of an own storage node, embedded or Kubo, by its RPC. Reads and probes are local (`offline=true`), so that a node cannot answer from another one's disk.
 * The block calls have their own client: kubo-rpc-client's put takes 1.5 to 2 times the processor time, cannot bound an answer, and has no deadline. Everything else is kubo-rpc-client's, in `control`.
 */
export class OwnNode implements BlockStore, UnverifiedBlocks, AsyncDisposable {
  readonly id: string;
  /** The http URL of its RPC. */
  readonly address: string;
  readonly control: KuboControl;
  readonly #rpc: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #deadlineMs: number;
  readonly #patience: Patience;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 16, maxFreeSockets: 16 });

  constructor({ id, address, token, deadlineMs = 15_000, patience = usualPatience }: OwnNodeInit) {
    this.id = id;
    this.address = address;
    this.#rpc = new URL('/api/v0/', address).href;
    this.#headers = { Authorization: `Bearer ${token}` };
    this.#deadlineMs = deadlineMs;
    this.#patience = patience;
    this.control = new KuboControl({ id, address, token, deadlineMs });
  }

  async put(text: string, bytes: Uint8Array, { signal }: BlockOptions = {}): Promise<void> {
    const cid = checkPut(text, bytes);
    await this.#patiently(signal, async () => {
      await this.#write(cid, bytes, signal);
      if (await this.#holds(cid, bytes, signal)) return;
      // A node leaves alone what it has under a CID, rotted or not, so the wrong bytes must go first.
      await this.#ask('block/rm', { arg: cid, force: 'true' }, { signal });
      await this.#write(cid, bytes, signal);
      if (!(await this.#holds(cid, bytes, signal))) {
        throw new Fault('corrupt', `${this.#name} does not give back block ${cid} as it was put`);
      }
    });
  }

  async get(text: string, { signal }: BlockOptions = {}): Promise<Buffer> {
    const cid = parseCid(text);
    return await this.#patiently(signal, async () => verified(cid, await this.#read(cid, signal), this.#name));
  }

  async getUnverified(text: string, { signal, into }: IntakeOptions = {}): Promise<Uint8Array> {
    const cid = parseCid(text);
    return await this.#patiently(signal, async () => {
      if (into === undefined) return await this.#read(cid, signal);
      const intake = new Intake(into, signal);
      await this.#read(cid, signal, intake.take).finally(() => intake.close());
      return intake.bytes(this.#name);
    });
  }

  async stat(text: string, { signal }: BlockOptions = {}): Promise<number | undefined> {
    const cid = parseCid(text);
    return await this.#patiently(signal, async () => {
      const answer = await this.#ask('block/stat', { arg: cid, offline: 'true' }, { signal }).catch(unlessAbsent);
      return answer && sizeIn(answer, this.#name);
    });
  }

  async remove(text: string, { signal }: BlockOptions = {}): Promise<boolean> {
    const cid = parseCid(text);
    return await this.#patiently(signal, async () => {
      const answer = await this.#ask('block/rm', { arg: cid }, { signal });
      const { Error: problem } = fieldsOf(answer, this.#name);
      if (problem === undefined || problem === '') return true;
      if (String(problem).includes('could not find')) return false;
      throw faultOf(String(problem), this.#name);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#agent.destroy();
    await this.control[Symbol.asyncDispose]();
  }

  get #name(): string {
    return `storage node ${this.id}`;
  }

  async #write(cid: BlockCid, bytes: Uint8Array, signal: AbortSignal | undefined): Promise<void> {
    const boundary = `d-cloud-${randomUUID()}`;
    const before = `--${boundary}\r\nContent-Disposition: form-data; name="data"; filename="block"\r\nContent-Type: application/octet-stream\r\n\r\n`;
    const answer = await this.#ask(
      'block/put',
      { 'cid-codec': 'raw', mhtype: 'sha2-256' },
      {
        signal,
        contentType: `multipart/form-data; boundary=${boundary}`,
        body: [Buffer.from(before), bytes, Buffer.from(`\r\n--${boundary}--\r\n`)],
      },
    );
    if (fieldsOf(answer, this.#name).Key !== cid) {
      throw new Fault('corrupt', `${this.#name} stored block ${cid} under another CID`);
    }
  }

  async #read(cid: BlockCid, signal: AbortSignal | undefined, take?: (piece: Buffer) => void): Promise<Buffer> {
    const query = { arg: cid, offline: 'true' };
    return (await this.#ask('block/get', query, { signal, maxBytes: maxBlockBytes, take })).body;
  }

  /** Whether the node gives these very bytes back: equal bytes have equal hashes, and comparing on the way is much the cheaper. */
  async #holds(cid: BlockCid, bytes: Uint8Array, signal: AbortSignal | undefined): Promise<boolean> {
    const comparison = new Comparison(bytes);
    try {
      await this.#read(cid, signal, comparison.take);
      return comparison.equal;
    } catch (cause) {
      if (cause instanceof Fault && cause.kind === 'corrupt') return false;
      throw cause;
    }
  }

  #patiently<T>(signal: AbortSignal | undefined, attempt: () => Promise<T>): Promise<T> {
    return patiently(attempt, this.#patience, signal);
  }

  async #ask(command: string, query: Readonly<Record<string, string>>, request: Ask): Promise<HttpAnswer> {
    const { signal, contentType, body, maxBytes = maxAnswerBytes, take } = request;
    const answer = await exchange({
      method: 'POST',
      url: new URL(`${this.#rpc}${command}?${new URLSearchParams(query)}`),
      headers: contentType === undefined ? this.#headers : { ...this.#headers, 'Content-Type': contentType },
      body: body ?? [],
      agent: this.#agent,
      maxBytes: Math.max(maxBytes, maxAnswerBytes),
      deadlineMs: this.#deadlineMs,
      signal,
      take,
      asked: this.#name,
    });
    if (answer.status !== 200) throw faultOf(answer, this.#name);
    return answer;
  }
}

interface Ask {
  readonly signal: AbortSignal | undefined;
  readonly contentType?: string;
  readonly body?: readonly Uint8Array[];
  readonly maxBytes?: number;
  readonly take?: ((piece: Buffer) => void) | undefined;
}

function unlessAbsent(cause: unknown): undefined {
  if (cause instanceof StoreRefusal && cause.kind === 'absent') return undefined;
  throw cause;
}

function sizeIn(answer: HttpAnswer, name: string): number {
  const { Size: size } = fieldsOf(answer, name);
  if (typeof size !== 'number') throw new Fault('corrupt', `${name} told no size`);
  return size;
}
