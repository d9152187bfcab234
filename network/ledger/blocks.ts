import { deliver } from './deliver.ts';
import { Fault } from './fault.ts';
import { type LedgerBlock, readLedgerBlock } from './ledger-block.ts';
import type { Session } from './session.ts';
import { validationCodes } from './validation-codes.ts';
import { jitterMs } from './waits.ts';

export interface BlocksRequest {
  /** The first block wanted; 0 replays everything. */
  readonly startBlock: number;
  /** Ends the iteration with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Told of each interruption before the stream is opened again; for logs and health. */
  readonly onInterruption?: (fault: Fault, nextBlock: number) => void;
}

const firstWaitMs = 200;
const longestWaitMs = 5_000;

/**
 * All blocks from `startBlock` on, in order, for ever: the stream is opened again after every interruption at the block
 * after the last one given. A number or previous hash that does not follow is a Fault of kind corrupt: the peer then shows
 * another history than before.
 */
export async function* blocks(session: Session, request: BlocksRequest): AsyncGenerator<LedgerBlock, void, undefined> {
  const { signal } = request;
  let next = request.startBlock;
  let before: LedgerBlock | undefined;
  for (let attempt = 0; ; attempt++) {
    try {
      for await (const bytes of deliver(
        session,
        next,
        Number.MAX_SAFE_INTEGER,
        signal === undefined ? {} : { signal },
      )) {
        const block = readLedgerBlock(bytes);
        checkFollows(block, next, before);
        before = block;
        next += 1;
        attempt = 0;
        yield block;
      }
      throw new Fault('unavailable', 'the peer ended the stream of blocks');
    } catch (error) {
      if (!(error instanceof Fault) || !error.retryable) throw error;
      request.onInterruption?.(error, next);
      await session.waits.sleep(jitterMs(session.waits, attempt, firstWaitMs, longestWaitMs), signal);
    }
  }
}

export function checkFollows(block: LedgerBlock, expected: number, before: LedgerBlock | undefined): void {
  if (block.number !== expected) {
    throw new Fault('corrupt', `the peer delivered block ${block.number} where ${expected} follows`);
  }
  if (before !== undefined && Buffer.compare(block.previousHash, before.hash) !== 0) {
    throw new Fault(
      'corrupt',
      `block ${block.number} does not follow the block ${before.number} that was delivered before`,
    );
  }
}

/** One chaincode event of a valid transaction. */
export interface LedgerEvent {
  readonly name: string;
  readonly payload: Uint8Array;
  readonly blockNumber: number;
  readonly transactionId: string;
  readonly timestamp: Date;
}

export interface EventsRequest extends BlocksRequest {
  /** Events up to and with this transaction of `startBlock` were seen already. */
  readonly afterTransaction?: string;
}

/** Events of one chaincode from blocks, resumable at any transaction. */
export async function* chaincodeEvents(
  session: Session,
  request: EventsRequest,
): AsyncGenerator<LedgerEvent, void, undefined> {
  for await (const block of blocks(session, request)) {
    const after = block.number === request.startBlock ? request.afterTransaction : undefined;
    yield* eventsOf(block, session.chaincode, after);
  }
}

export function* eventsOf(block: LedgerBlock, chaincode: string, after?: string): Generator<LedgerEvent> {
  const seen = after === undefined ? -1 : block.transactions.findIndex(({ id }) => id === after);
  if (after !== undefined && seen === -1) {
    throw new Fault('misconfigured', `block ${block.number} has no transaction ${after}: resume from another position`);
  }
  for (const transaction of block.transactions.slice(seen + 1)) {
    if (transaction.validationCode !== validationCodes.valid || transaction.chaincode !== chaincode) continue;
    if (transaction.event === undefined) continue;
    const { id, timestamp, event } = transaction;
    yield { ...event, blockNumber: block.number, transactionId: id, timestamp };
  }
}
