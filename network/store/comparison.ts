/** Compares bytes that arrive in pieces with bytes that are known, without keeping them. */
export class Comparison {
  readonly #expected: Uint8Array;
  #at = 0;
  #same = true;

  constructor(expected: Uint8Array) {
    this.#expected = expected;
  }

  readonly take = (piece: Buffer): void => {
    this.#same &&= piece.equals(this.#expected.subarray(this.#at, this.#at + piece.length));
    this.#at += piece.length;
  };

  /** Whether all that arrived is all that was expected. */
  get equal(): boolean {
    return this.#same && this.#at === this.#expected.length;
  }
}
