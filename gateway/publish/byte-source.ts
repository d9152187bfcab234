import { Rejection } from '../http/problem.ts';

/** Reads a stream of byte pieces by exact lengths, holding at most one piece and what was asked for. */
export class ByteSource {
  readonly #pieces: AsyncIterator<Uint8Array>;
  #held: Uint8Array = new Uint8Array(0);

  constructor(pieces: AsyncIterable<Uint8Array>) {
    this.#pieces = pieces[Symbol.asyncIterator]();
  }

  /** Exactly `length` bytes; refuses a stream that ends before them. */
  async exactly(length: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(length);
    let at = 0;
    for await (const piece of this.upTo(length)) {
      bytes.set(piece, at);
      at += piece.length;
    }
    return bytes;
  }

  /** The next `length` bytes as they come, in pieces; refuses a stream that ends before them. */
  async *upTo(length: number): AsyncIterable<Uint8Array> {
    for (let missing = length; missing > 0; ) {
      if (!(await this.#fill())) throw new Rejection('CONTENT_INVALID', 'The upload ends in the middle of a file.');
      const piece = this.#held.subarray(0, missing);
      this.#held = this.#held.subarray(piece.length);
      missing -= piece.length;
      yield piece;
    }
  }

  /** What is left, in pieces. */
  async *rest(): AsyncIterable<Uint8Array> {
    while (await this.#fill()) {
      const piece = this.#held;
      this.#held = new Uint8Array(0);
      yield piece;
    }
  }

  /** Whether there is another byte. */
  async more(): Promise<boolean> {
    return this.#fill();
  }

  async #fill(): Promise<boolean> {
    while (this.#held.length === 0) {
      const next = await this.#pieces.next();
      if (next.done === true) return false;
      this.#held = next.value;
    }
    return true;
  }
}
