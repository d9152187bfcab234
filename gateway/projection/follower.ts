import { setTimeout as pause } from 'node:timers/promises';
import { cardCommitment, type DatasetId, type DatasetRecord, Refusal } from '@d-cloud/chaincode/domain';
import { Fault } from '@d-cloud/network/ledger';
import type { ProjectionHealth, ProjectionPowers } from './projection.ts';
import type { ProjectionWriter } from './writer.ts';

const retryMs = { first: 100, most: 5_000 };
const cardTimeoutMs = 2_000;
const cardRetryMs = 5_000;
const cardsAtOnce = 32;

/** Follows the channel: reads blocks from where the read model stands, writes them, wakes who waits, and begins again after faults. */
export class Follower implements AsyncDisposable {
  readonly #powers: ProjectionPowers;
  readonly #writer: ProjectionWriter;
  readonly #dataset: (id: string) => DatasetRecord | undefined;
  readonly #stopping = new AbortController();
  #wake = Promise.withResolvers<void>();
  /** Newest block of which cards have been asked for too: what waiters wait for. */
  #complete: number;
  #following = false;
  #trouble: string | undefined;
  #running: Promise<void> | undefined;
  #cardTimer: NodeJS.Timeout | undefined;

  constructor(powers: ProjectionPowers, writer: ProjectionWriter, dataset: (id: string) => DatasetRecord | undefined) {
    this.#powers = powers;
    this.#writer = writer;
    this.#dataset = dataset;
    this.#complete = writer.block;
  }

  get health(): ProjectionHealth {
    const { block } = this.#writer;
    return this.#trouble === undefined
      ? { block, following: this.#following }
      : { block, following: this.#following, trouble: this.#trouble };
  }

  start(): void {
    this.#running = this.#follow();
  }

  /** Resolves at the next block, or when the signal ends the wait. */
  async nextBlock(signal: AbortSignal): Promise<void> {
    await untilAborted(this.#wake.promise, signal);
  }

  async waitFor(
    block: number,
    options: { readonly signal?: AbortSignal; readonly timeoutMs?: number } = {},
  ): Promise<void> {
    if (this.#complete >= block) return;
    const { signal, timeoutMs = 10_000 } = options;
    const timeout = AbortSignal.timeout(timeoutMs);
    const ends = AbortSignal.any([timeout, this.#stopping.signal, ...(signal === undefined ? [] : [signal])]);
    while (this.#complete < block) {
      if (ends.aborted)
        throw new Fault('timeout', `block ${block} is not in the read model yet, which is at ${this.#writer.block}`);
      await untilAborted(this.#wake.promise, ends);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    clearTimeout(this.#cardTimer);
    await this.#running;
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stopping;
    let retry = retryMs.first;
    while (!signal.aborted) {
      const before = this.#writer.block;
      try {
        await this.#verifyLedger(signal);
        this.#following = true;
        this.#trouble = undefined;
        // Cards that were wanted when the last process ended.
        await this.#fetchCards(signal);
        await this.#readBlocks(signal);
      } catch (error) {
        if (signal.aborted) return;
        this.#trouble = error instanceof Error ? error.message : String(error);
        this.#powers.log.warn(
          { err: error, block: this.#writer.block },
          'the read model stopped following the channel',
        );
        // Another ledger or a newer chaincode does not mend itself by asking again.
        if (error instanceof Refusal || (error instanceof Fault && !error.retryable)) retry = retryMs.most;
      } finally {
        this.#following = false;
      }
      if (this.#writer.block > before) retry = retryMs.first;
      await pause(retry, undefined, { signal }).catch(() => undefined);
      retry = Math.min(retry * 2, retryMs.most);
    }
  }

  /** The offset must lie on this very ledger: refuses one from the future, and one whose block is another there. */
  async #verifyLedger(signal: AbortSignal): Promise<void> {
    const { block, hash } = this.#writer;
    if (block < 0) return;
    const height = await this.#powers.height(signal);
    if (block >= height) {
      throw new Fault(
        'disagreed',
        `the read model is at block ${block}, the own peer has ${height} blocks: ${mend(this.#powers.file)}`,
      );
    }
    const look = new AbortController();
    try {
      for await (const same of this.#powers.blocks({
        startBlock: block,
        signal: AbortSignal.any([signal, look.signal]),
      })) {
        if (same.number === block && same.hash === hash) return;
        throw new Fault('disagreed', `the read model is of another ledger: ${mend(this.#powers.file)}`);
      }
    } finally {
      look.abort();
    }
  }

  async #readBlocks(signal: AbortSignal): Promise<void> {
    for await (const block of this.#powers.blocks({ startBlock: this.#writer.block + 1, signal })) {
      this.#writer.write(block);
      // A dataset's own search must find it once its block is projected, so its card is asked for before anyone is woken.
      const registers = block.transactions.some(({ events }) =>
        events.some(({ kind }) => kind === 'dataset.registered'),
      );
      if (registers) await this.#fetchCards(signal);
      this.#complete = block.number;
      const woken = this.#wake;
      this.#wake = Promise.withResolvers();
      woken.resolve();
    }
    if (!signal.aborted) throw new Fault('unavailable', 'the stream of blocks ended');
  }

  /** Cards come from the private collection, which may reach the own peer after the block: what is missing is asked for again. */
  async #fetchCards(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    clearTimeout(this.#cardTimer);
    const wanted = this.#writer.wantedCards(cardsAtOnce);
    let missing = false;
    for (const dataset of wanted) {
      try {
        const timeout = AbortSignal.any([signal, AbortSignal.timeout(cardTimeoutMs)]);
        const card = await this.#powers.card(dataset as DatasetId, timeout);
        if (card.dataset !== dataset || cardCommitment(card) !== this.#dataset(dataset)?.cardCommitment) {
          throw new Fault('corrupt', `the catalogue card of ${dataset} is not the one committed to`);
        }
        this.#writer.writeCard(card);
      } catch (error) {
        missing = true;
        this.#powers.log.debug({ err: error, dataset }, 'a catalogue card is not here yet');
        if (error instanceof Fault && error.kind !== 'corrupt') break;
      }
    }
    if (missing && !signal.aborted)
      this.#cardTimer = setTimeout(() => void this.#fetchCards(signal), cardRetryMs).unref();
    else if (wanted.length === cardsAtOnce) await this.#fetchCards(signal);
  }
}

function mend(file: string): string {
  return `stop the gateway and remove ${file} to build it again from block 0`;
}

/** Waits for a promise or the signal, whichever is first, and leaves no listener behind. */
async function untilAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise: aborted, resolve } = Promise.withResolvers<void>();
  const onAbort = () => resolve();
  signal.addEventListener('abort', onAbort);
  try {
    await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
