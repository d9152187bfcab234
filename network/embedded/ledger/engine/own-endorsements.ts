const MAX_REMEMBERED = 20_000;

/**
 * Signatures that this process just made itself: verifying them again in validation would cost a third of all its
 * cryptography. What is remembered is the signature with exactly the bytes that it was made over.
 */
export class OwnEndorsements {
  readonly #made = new Map<string, Buffer>();

  remember(signature: Buffer, signed: Buffer): void {
    if (this.#made.size >= MAX_REMEMBERED) this.#made.clear();
    this.#made.set(signature.toString('latin1'), signed);
  }

  /** Whether this process made that signature over these parts in a row; it is forgotten by asking. */
  made(signature: Buffer, payload: Buffer, endorser: Buffer): boolean {
    const key = signature.toString('latin1');
    const signed = this.#made.get(key);
    if (signed === undefined) return false;
    this.#made.delete(key);
    return (
      signed.length === payload.length + endorser.length &&
      payload.compare(signed, 0, payload.length) === 0 &&
      endorser.compare(signed, payload.length) === 0
    );
  }
}
