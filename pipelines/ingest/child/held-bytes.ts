/** Bytes that came in pieces and wait until enough of them are there; pieces are joined once, when they are asked for. */
export class HeldBytes {
  #pieces: Buffer[] = [];
  #bytes = 0;

  get byteLength(): number {
    return this.#bytes;
  }

  add(piece: Uint8Array): void {
    if (piece.byteLength === 0) return;
    this.#pieces.push(Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength));
    this.#bytes += piece.byteLength;
  }

  /** The first `bytes` bytes, or nothing while there are fewer. */
  peek(bytes: number): Buffer | undefined {
    if (bytes > this.#bytes) return undefined;
    const first = this.#pieces[0];
    if (first !== undefined && first.byteLength >= bytes) return first.subarray(0, bytes);
    const whole = Buffer.concat(this.#pieces, this.#bytes);
    this.#pieces = [whole];
    return whole.subarray(0, bytes);
  }

  /** The same, and they are no longer held. */
  take(bytes: number): Buffer | undefined {
    const taken = this.peek(bytes);
    if (taken === undefined) return undefined;
    const [first, ...rest] = this.#pieces as [Buffer, ...Buffer[]];
    this.#pieces = first.byteLength === bytes ? rest : [first.subarray(bytes), ...rest];
    this.#bytes -= bytes;
    return taken;
  }
}
