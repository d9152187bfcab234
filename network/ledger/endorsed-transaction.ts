import type { Transaction as ForeignTransaction } from '@hyperledger/fabric-gateway';
import { callOptions } from './connection.ts';
import { Fault } from './fault.ts';
import type { Session } from './session.ts';
import { SubmittedTransaction } from './submitted-transaction.ts';
import { translate } from './translate.ts';

/** Second stage: endorsed and signed, ready to be sent, now or after a crash: the same bytes may be sent many times. */
export class EndorsedTransaction {
  readonly #session: Session;
  readonly #foreign: ForeignTransaction;

  constructor(session: Session, foreign: ForeignTransaction) {
    this.#session = session;
    this.#foreign = foreign;
  }

  /** The transaction of bytes written before; refuses bytes that are none. */
  static from(session: Session, bytes: Uint8Array): EndorsedTransaction {
    try {
      return new EndorsedTransaction(session, session.gateway.newTransaction(bytes));
    } catch (cause) {
      throw new Fault('corrupt', 'these bytes are not a prepared transaction', { cause });
    }
  }

  get transactionId(): string {
    return this.#foreign.getTransactionId();
  }

  /** What the chaincode answered when it was simulated; it holds only if the transaction becomes valid. */
  get result(): Uint8Array {
    return this.#foreign.getResult();
  }

  /** The signed envelope with its id (`gateway.PreparedTransaction`), for an outbox. */
  get bytes(): Uint8Array {
    // `hash.none` makes the "digest" the payload itself.
    const signature = this.#session.signatory.sign(this.#foreign.getDigest());
    return this.#session.gateway.newSignedTransaction(this.#foreign.getBytes(), signature).getBytes();
  }

  /** Third stage: an orderer took it. That is no promise: only the block is. */
  async submit(signal?: AbortSignal): Promise<SubmittedTransaction> {
    const { deadlines, readRefusal } = this.#session;
    try {
      await this.#foreign.submit(callOptions(deadlines.submitMs, signal));
      return new SubmittedTransaction(this.#session, this.transactionId);
    } catch (error) {
      signal?.throwIfAborted();
      throw translate(error, `ordering transaction ${this.transactionId}`, readRefusal);
    }
  }
}
