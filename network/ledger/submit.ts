import type { EndorsedTransaction } from './endorsed-transaction.ts';
import { Fault } from './fault.ts';
import { type CallRequest, Proposal } from './proposal.ts';
import type { Session } from './session.ts';
import type { CommittedTransaction } from './submitted-transaction.ts';
import { invalidTransaction, isContention, validationCodes } from './validation-codes.ts';
import { jitterMs } from './waits.ts';

/** A transaction that is in a block and valid. */
export interface Submitted {
  readonly transactionId: string;
  readonly blockNumber: number;
  readonly result: Uint8Array;
}

const firstWaitMs = 50;
const longestWaitMs = 3_000;
/** Retrying for ever under contention would only add to it. */
const mostEndorsements = 8;
/** A peer that is behind has caught up after a few, within a second or two; a chaincode that answers at random never agrees. */
const mostDisagreements = 6;

/** How long endorsers are asked for while peers hear of each other: seconds after a start, more where the machine is busy. */
const acquaintanceMs = 20_000;

/** A moment after which nothing is tried again. */
interface Until {
  readonly end: number;
  readonly signal?: AbortSignal;
}

function remainingMs(session: Session, until: Until): number {
  return Math.max(0, until.end - session.waits.now());
}

/** Sleeps before the next attempt, or throws the fault when no time is left or asking again is of no use. */
async function pause(session: Session, until: Until, attempt: number, error: unknown): Promise<void> {
  if (!(error instanceof Fault) || !error.retryable) throw error;
  const ms = jitterMs(session.waits, attempt, firstWaitMs, longestWaitMs);
  if (ms >= remainingMs(session, until)) throw error;
  await session.waits.sleep(ms, until.signal);
}

/**
 * Endorses a call, trying again while peers cannot be reached, disagree because one is behind, or have just started and do not know
 * each other yet: an endorsement has no effect.
 */
export async function endorse(
  session: Session,
  transaction: string,
  args: readonly string[],
  request: CallRequest,
  until: Until,
): Promise<EndorsedTransaction> {
  const acquainted = session.waits.now() + acquaintanceMs;
  for (let attempt = 0; ; attempt++) {
    try {
      return await new Proposal(session, session.chaincode, transaction, args, request).endorse();
    } catch (error) {
      const fault = error instanceof Fault ? error : undefined;
      const most = fault?.kind === 'disagreed' ? mostDisagreements : mostEndorsements;
      const passing = fault?.passing === true && session.waits.now() < acquainted;
      if (attempt >= most && !passing) throw error;
      await pause(session, until, attempt, error);
    }
  }
}

/**
 * Sends an endorsed transaction until its block is seen. The same envelope is sent again whenever the answer is lost or an
 * orderer took it and ordered nothing: the ledger keeps the first of equal ids, so it takes effect at most once.
 */
export async function sendUntilCommitted(
  session: Session,
  endorsed: EndorsedTransaction,
  until: Until,
): Promise<CommittedTransaction> {
  let sent = false;
  for (let attempt = 0; ; attempt++) {
    try {
      const submitted = await endorsed.submit(until.signal);
      sent = true;
      return await submitted.committed(Math.min(session.deadlines.commitMs, remainingMs(session, until)), until.signal);
    } catch (error) {
      // An answer that was lost may have been a yes.
      sent ||= error instanceof Fault && error.retryable;
      try {
        await pause(session, until, attempt, error);
      } catch (last) {
        throw sent ? outcomeUnknown(last, endorsed.transactionId) : last;
      }
    }
  }
}

function outcomeUnknown(error: unknown, transactionId: string): unknown {
  if (!(error instanceof Fault)) return error;
  const { kind, message, retryable, cause } = error;
  return new Fault(kind, `${message}; its outcome is unknown`, { cause, retryable, transactionId });
}

/**
 * Endorses, orders and waits; after a conflict it is endorsed again under a new id, for the old one is spent. Whether there were enough endorsements is judged
 * before versions are compared: a key that got a policy of its own meanwhile is a conflict too, and endorsed once more.
 */
export async function submit(
  session: Session,
  transaction: string,
  args: readonly string[],
  request: CallRequest,
): Promise<Submitted> {
  const { signal } = request;
  const until = { end: session.waits.now() + session.deadlines.totalMs, ...(signal === undefined ? {} : { signal }) };
  let mayBeLate = true;
  for (let attempt = 0; ; attempt++) {
    const endorsed = await endorse(session, transaction, args, request, until);
    const { transactionId, result } = endorsed;
    const { blockNumber, valid, validationCode } = await sendUntilCommitted(session, endorsed, until);
    if (valid) return { transactionId, blockNumber, result };
    if (validationCode === validationCodes.endorsementPolicyFailure && mayBeLate) {
      mayBeLate = false;
      continue;
    }
    const fault = invalidTransaction(transactionId, validationCode);
    if (!isContention(validationCode) || attempt + 1 >= mostEndorsements) throw fault;
    await pause(session, until, attempt, fault);
  }
}
