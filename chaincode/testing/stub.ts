import type { Stub } from '../fabric.ts';
import type { ChannelState, ReadWriteSet } from './state.ts';

export type Proposal = {
  readonly channel: string;
  readonly transaction: string;
  readonly atMs: number;
  readonly mspId: string;
  /** PEM of the caller's certificate. */
  readonly certificate: string;
  readonly name: string;
  readonly args: readonly (string | Uint8Array)[];
  readonly transient?: Readonly<Record<string, Uint8Array>>;
};

/**
 * The shim's stub over a {@link ChannelState}: the part that the contracts use, faithful in what surprises: reads answer from before
 * the transaction, missing values are empty, one event per transaction, transactions that write private data cannot read ranges of it.
 */
export class SimulationStub {
  readonly #state: ChannelState;
  readonly #proposal: Proposal;
  readonly #reads = new Map<string, number | null>();
  readonly #ranges: { from: string; to: string; keys: string[] }[] = [];
  readonly #writes = new Map<string, Uint8Array | null>();
  readonly #policies = new Map<string, Uint8Array>();
  readonly #privateWrites = new Map<string, Uint8Array | null>();
  #event: { name: string; payload: Uint8Array } | undefined;

  constructor(state: ChannelState, proposal: Proposal) {
    this.#state = state;
    this.#proposal = proposal;
  }

  /** The stub as contracts take it. */
  asStub(): Stub {
    return this as unknown as Stub;
  }

  getArgs(): string[] {
    return this.getBufferArgs().map((arg) => arg.toString());
  }

  getBufferArgs(): Buffer[] {
    return [this.#proposal.name, ...this.#proposal.args].map((arg) =>
      typeof arg === 'string' ? Buffer.from(arg) : Buffer.from(arg),
    );
  }

  getFunctionAndParameters(): { fcn: string; params: string[] } {
    const [fcn = '', ...params] = this.getArgs();
    return { fcn, params };
  }

  getTxID(): string {
    return this.#proposal.transaction;
  }

  getChannelID(): string {
    return this.#proposal.channel;
  }

  getCreator(): { mspid: string; idBytes: Uint8Array } {
    return { mspid: this.#proposal.mspId, idBytes: Buffer.from(this.#proposal.certificate) };
  }

  getTransient(): Map<string, Uint8Array> {
    return new Map(Object.entries(this.#proposal.transient ?? {}));
  }

  getTxTimestamp(): { seconds: bigint; nanos: number } {
    const { atMs } = this.#proposal;
    return { seconds: BigInt(Math.floor(atMs / 1000)), nanos: (atMs % 1000) * 1e6 };
  }

  async getState(key: string): Promise<Uint8Array> {
    const entry = this.#state.get(key);
    this.#reads.set(key, entry?.version.block ?? null);
    return Buffer.from(entry?.value ?? []);
  }

  async putState(key: string, value: Uint8Array): Promise<void> {
    this.#writes.set(key, Buffer.from(value));
  }

  async deleteState(key: string): Promise<void> {
    this.#writes.set(key, null);
  }

  async setStateValidationParameter(key: string, policy: Uint8Array): Promise<void> {
    this.#policies.set(key, Buffer.from(policy));
  }

  async getStateValidationParameter(key: string): Promise<Uint8Array> {
    return Buffer.from(this.#state.policyOf(key) ?? []);
  }

  async getStateByRange(from: string, to: string) {
    const entries = this.#state.range(from, to);
    const seen: string[] = [];
    this.#ranges.push({ from, to, keys: seen });
    let at = 0;
    return {
      next: async () => {
        const entry = entries[at++];
        if (entry === undefined) return { done: true, value: undefined };
        const [key, { value, version }] = entry;
        seen.push(key);
        this.#reads.set(key, version.block);
        return { done: false, value: { namespace: 'dcloud', key, value: Buffer.from(value) } };
      },
      close: async () => undefined,
    };
  }

  async getPrivateData(collection: string, key: string): Promise<Uint8Array> {
    return Buffer.from(this.#state.getPrivate(`${collection}\0${key}`) ?? []);
  }

  async putPrivateData(collection: string, key: string, value: Uint8Array): Promise<void> {
    this.#privateWrites.set(`${collection}\0${key}`, Buffer.from(value));
  }

  async purgePrivateData(collection: string, key: string): Promise<void> {
    this.#privateWrites.set(`${collection}\0${key}`, null);
  }

  /** Read with `for await`, as the shim's is: awaited, it is an object that holds the iterator. */
  async *getPrivateDataByRange(collection: string, from: string, to: string) {
    for (const [key, value] of this.#state.privateRange(`${collection}\0`, from, to))
      yield { namespace: 'dcloud', key, value: Buffer.from(value) };
  }

  setEvent(name: string, payload: Uint8Array): void {
    if (this.#event !== undefined) throw new Error('a transaction has one event');
    this.#event = { name, payload: Buffer.from(payload) };
  }

  readWriteSet(): ReadWriteSet {
    return {
      reads: sorted(this.#reads),
      ranges: this.#ranges,
      writes: sorted(this.#writes),
      policies: sorted(this.#policies),
      privateWrites: sorted(this.#privateWrites),
      ...(this.#event === undefined ? {} : { event: this.#event }),
    };
  }
}

function sorted<V>(map: ReadonlyMap<string, V>): ReadonlyMap<string, V> {
  return new Map([...map].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
}
