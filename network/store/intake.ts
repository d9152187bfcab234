import { Fault } from '../ledger/fault.ts';

/** Writes bytes that arrive in pieces into memory of the caller's, and nothing more once it is closed or the signal has aborted. */
export class Intake {
  readonly #into: Uint8Array;
  readonly #signal: AbortSignal | undefined;
  #at = 0;
  #closed = false;

  constructor(into: Uint8Array, signal: AbortSignal | undefined) {
    this.#into = into;
    this.#signal = signal;
  }

  readonly take = (piece: Buffer): void => {
    const at = this.#at;
    this.#at += piece.length;
    if (this.#closed || this.#signal?.aborted || this.#at > this.#into.length) return;
    this.#into.set(piece, at);
  };

  /** Ends the writing; what arrived, as a view. @throws Fault corrupt when it was more than fits */
  bytes(sender: string): Uint8Array {
    this.close();
    if (this.#at <= this.#into.length) return this.#into.subarray(0, this.#at);
    throw new Fault('corrupt', `${sender} sent ${this.#at} bytes where ${this.#into.length} were asked for`);
  }

  close(): void {
    this.#closed = true;
  }
}
