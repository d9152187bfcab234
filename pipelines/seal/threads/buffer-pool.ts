/** Buffers that are used again instead of left to the collector, so that long work keeps a flat memory. */
export class BufferPool {
  readonly #free: ArrayBuffer[] = [];
  readonly #keepBytes: number;
  #freeBytes = 0;

  constructor(keepBytes: number) {
    this.#keepBytes = keepBytes;
  }

  /** A buffer of at least that many bytes; what is in it is left from its last use. */
  take(bytes: number): ArrayBuffer {
    const at = this.#free.findIndex(({ byteLength }) => byteLength >= bytes && byteLength <= 4 * bytes + 65_536);
    const found = at < 0 ? undefined : this.#free.splice(at, 1)[0];
    if (found === undefined) return new ArrayBuffer(Math.ceil(bytes / 65_536) * 65_536);
    this.#freeBytes -= found.byteLength;
    return found;
  }

  /** Takes a buffer back. Views of it that someone kept become empty when it is used again, never other bytes. */
  give(buffer: ArrayBuffer): void {
    if (buffer.byteLength === 0 || this.#freeBytes + buffer.byteLength > this.#keepBytes) return;
    this.#free.push(buffer);
    this.#freeBytes += buffer.byteLength;
  }
}
