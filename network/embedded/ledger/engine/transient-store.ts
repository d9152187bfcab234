import { message, nested, string } from '../wire/message.ts';
import { TxPrivateRwSet } from '../wire/rwset.ts';
import { RecordLog } from './record-log.ts';
import type { Storage } from './storage.ts';

/** Plaintext of so many endorsed transactions fits one of the two files; the older file is forgotten as a whole. */
const MOST = 5_000;

const Waiting = message('Waiting', { txId: string(1), plaintext: nested(2, () => TxPrivateRwSet) });

type Generation = { readonly records: RecordLog; readonly waiting: Map<string, TxPrivateRwSet> };

/**
 * Plaintext of endorsed transactions that waits for its block. It is on disk before the endorsement is given: whoever has that may
 * send the transaction after a crash of ours too, and it is as valid then.
 */
export class TransientStore {
  readonly #generations: readonly [Generation, Generation];
  #young: 0 | 1;
  #writing: Promise<void> = Promise.resolve();
  /** Those that are not on disk yet, by transaction. */
  readonly #underWay = new Map<string, Promise<void>>();

  private constructor(generations: readonly [Generation, Generation]) {
    this.#generations = generations;
    this.#young = generations[0].records.count < MOST ? 0 : 1;
  }

  static async open(storage: Storage): Promise<TransientStore> {
    const generation = async (name: string): Promise<Generation> => {
      const waiting = new Map<string, TxPrivateRwSet>();
      const { records } = await RecordLog.open(await storage.open(`private/${name}.transient`), (bytes) => {
        const { txId, plaintext } = Waiting.decode(bytes);
        if (plaintext !== undefined) waiting.set(txId, plaintext);
      });
      return { records, waiting };
    };
    return new TransientStore([await generation('0'), await generation('1')]);
  }

  get(txId: string): TxPrivateRwSet | undefined {
    const [first, second] = this.#generations;
    return first.waiting.get(txId) ?? second.waiting.get(txId);
  }

  /** Resolves when it survives a crash. Every endorser of a transaction brings the same. */
  remember(txId: string, plaintext: TxPrivateRwSet): Promise<void> {
    const underWay = this.#underWay.get(txId);
    if (underWay !== undefined) return underWay;
    if (this.get(txId) !== undefined) return Promise.resolve();
    this.#generations[this.#young].waiting.set(txId, plaintext);
    const written = this.#write(txId, plaintext).finally(() => this.#underWay.delete(txId));
    this.#underWay.set(txId, written);
    return written;
  }

  async #write(txId: string, plaintext: TxPrivateRwSet): Promise<void> {
    const next = this.#next(async () => {
      if (this.#generations[this.#young].records.count >= MOST) {
        await this.#turn();
        for (const { waiting } of this.#generations) waiting.delete(txId);
        this.#generations[this.#young].waiting.set(txId, plaintext);
      }
      await this.#generations[this.#young].records.append(Waiting.encode({ txId, plaintext }));
    });
    try {
      await next;
    } catch (cause) {
      // Else the next endorser would take it for written.
      for (const { waiting } of this.#generations) waiting.delete(txId);
      throw cause;
    }
  }

  /** Forgets transactions whose block is durable; when nobody waits any more, what lies on disk too. */
  forget(txIds: Iterable<string>): void {
    for (const txId of txIds) for (const { waiting } of this.#generations) waiting.delete(txId);
    const idle = this.#generations.every(({ waiting }) => waiting.size === 0);
    if (!idle || this.#generations.every(({ records }) => records.count === 0)) return;
    // What is left of it after a failure is settled by the next start.
    this.#next(async () => {
      for (const { records } of this.#generations) await records.cut(0);
    }).catch(() => undefined);
  }

  /** Forgets what came to its block before a crash. */
  settle(isCommitted: (txId: string) => boolean): void {
    this.forget(this.#generations.flatMap(({ waiting }) => [...waiting.keys()].filter(isCommitted)));
  }

  async close(): Promise<void> {
    await this.#writing.catch(() => undefined);
    for (const { records } of this.#generations) await records.log.close();
  }

  async #turn(): Promise<void> {
    const old = this.#young === 0 ? 1 : 0;
    const { records, waiting } = this.#generations[old];
    waiting.clear();
    await records.cut(0);
    this.#young = old;
  }

  /** One write after the other; one that failed fails its caller, not those behind it. */
  #next(write: () => Promise<void>): Promise<void> {
    this.#writing = this.#writing.catch(() => undefined).then(write);
    return this.#writing;
  }
}
