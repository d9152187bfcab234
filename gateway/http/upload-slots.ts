import { Rejection } from './problem.ts';

/** Uploads that one key may have open at once: slow senders hold their own slots and nobody else's. */
export class UploadSlots {
  readonly #most: number;
  readonly #taken = new Map<string, number>();

  constructor(most: number) {
    this.#most = most;
  }

  /** Takes a slot until disposed. Throws `Rejection` TOO_MANY_UPLOADS. */
  take(keyId: string): Disposable {
    const taken = this.#taken.get(keyId) ?? 0;
    if (taken >= this.#most)
      throw new Rejection('TOO_MANY_UPLOADS', `A key may have ${this.#most} uploads open at once.`);
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
