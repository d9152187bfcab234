import { setTimeout as wait } from 'node:timers/promises';
import { Fault } from '@d-cloud/network/ledger';
import { type BlockStore, StoreRefusal } from '@d-cloud/network/store';

/** How a storage node answered for a block: gave it; has it not; gave other bytes; did not answer at all; took the question and too long. */
export type Outcome = 'ok' | 'missing' | 'corrupt' | 'offline' | 'slow';

/** Outcomes of blocks, by their numbers. */
export type Probed = ReadonlyMap<number, Outcome>;

export type ProbeOptions = {
  readonly signal: AbortSignal;
  /** Pauses before each time that failed blocks are asked for again. */
  readonly pausesMs?: readonly number[];
};

/** A block counts as failed only when it failed four times: a restart or a burst of load is no loss. */
const usualPausesMs = [250, 500, 1_000] as const;
/** A storage node that was asked in vain so often in a row is not asked for the rest; when it is tried again, once is enough. */
const inVainAtFirst = 3;
const inVainAgain = 1;

/** Asks one storage node for a block, bytes and all, and says how it went. Reads are local to the storage node, so that none is answered from another's disk. */
export async function probeBlock(
  blocks: Pick<BlockStore, 'get'>,
  cid: string,
  { signal }: { readonly signal: AbortSignal },
): Promise<Outcome> {
  try {
    await blocks.get(cid, { signal });
    return 'ok';
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof StoreRefusal && error.kind === 'absent') return 'missing';
    if (error instanceof Fault && error.kind === 'corrupt') return 'corrupt';
    if (error instanceof Fault && (error.kind === 'timeout' || error.kind === 'contended')) return 'slow';
    if (error instanceof Fault || error instanceof StoreRefusal) return 'offline';
    throw error;
  }
}

/** Asks for blocks of one slot, and up to three times more for those that failed; what failed every time has the last outcome. */
export async function probeBlocks(
  numbers: readonly number[],
  probe: (number: number) => Promise<Outcome>,
  { signal, pausesMs = usualPausesMs }: ProbeOptions,
): Promise<Probed> {
  const outcomes = new Map<number, Outcome>();
  await probeOnce(numbers, probe, outcomes, { signal, inVain: inVainAtFirst });
  for (const pauseMs of pausesMs) {
    const failed = numbers.filter((number) => outcomes.get(number) !== 'ok');
    if (failed.length === 0) break;
    await wait(pauseMs, undefined, { signal });
    await probeOnce(failed, probe, outcomes, { signal, inVain: inVainAgain });
  }
  return outcomes;
}

async function probeOnce(
  numbers: readonly number[],
  probe: (number: number) => Promise<Outcome>,
  outcomes: Map<number, Outcome>,
  { signal, inVain }: { readonly signal: AbortSignal; readonly inVain: number },
): Promise<void> {
  let unanswered = 0;
  let last: Outcome = 'offline';
  for (const number of numbers) {
    signal.throwIfAborted();
    if (unanswered < inVain) {
      last = await probe(number);
      unanswered = last === 'offline' || last === 'slow' ? unanswered + 1 : 0;
    }
    outcomes.set(number, last);
  }
}
