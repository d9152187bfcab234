import { Rejection, type RejectionCode } from './problem.ts';

/** Long exchanges that one key may have open at once: who is slow, or greedy, holds their own slots and nobody else's. */
export class Slots {
  readonly #most: number;
  readonly #code: RejectionCode;
  readonly #taken = new Map<string, number>();

  constructor(most: number, code: RejectionCode) {
    this.#most = most;
    this.#code = code;
  }

  /** Takes a slot until disposed. Throws the `Rejection` when the key has none left. */
  take(keyId: string): Disposable {
    const taken = this.#taken.get(keyId) ?? 0;
    if (taken >= this.#most) throw new Rejection(this.#code, `A key may have ${this.#most} open at once.`);
    this.#taken.set(keyId, taken + 1);
    return {
      [Symbol.dispose]: () => {
        const left = (this.#taken.get(keyId) ?? 1) - 1;
        if (left === 0) this.#taken.delete(keyId);
        else this.#taken.set(keyId, left);
      },
    };
  }
}
