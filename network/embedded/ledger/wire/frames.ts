/** The five bytes in front of every gRPC message: not compressed, and how long it is. */
const HEAD = 5;

/** Lays messages out as gRPC frames in one buffer. */
export function framed(...messages: readonly Uint8Array[]): Buffer {
  const out = Buffer.allocUnsafe(messages.reduce((size, message) => size + HEAD + message.length, 0));
  let at = 0;
  for (const message of messages) {
    out[at] = 0;
    out.writeUInt32BE(message.length, at + 1);
    out.set(message, at + HEAD);
    at += HEAD + message.length;
  }
  return out;
}

/** A frame that must not be read: why, in gRPC's words, and with which status. */
export class BadFrame extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** Takes bytes as they arrive and gives the whole messages among them. */
export class FrameReader {
  #held: Buffer[] = [];
  #size = 0;
  #needed = HEAD;
  readonly #maxBytes: number;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Messages are views into what arrived. Throws `BadFrame` for compressed or too large ones. */
  *take(arrived: Buffer): Generator<Buffer> {
    this.#held.push(arrived);
    this.#size += arrived.length;
    if (this.#size < this.#needed) return;
    let bytes = this.#held.length === 1 ? arrived : Buffer.concat(this.#held);
    while (bytes.length >= HEAD) {
      const size = bytes.readUInt32BE(1);
      if (size > this.#maxBytes) {
        throw new BadFrame(8, `grpc: received message larger than max (${size} vs. ${this.#maxBytes})`);
      }
      if (bytes[0] !== 0) throw new BadFrame(12, 'grpc: compressed messages are not supported');
      if (bytes.length < HEAD + size) break;
      yield bytes.subarray(HEAD, HEAD + size);
      bytes = bytes.subarray(HEAD + size);
    }
    this.#held = bytes.length > 0 ? [bytes] : [];
    this.#size = bytes.length;
    this.#needed = bytes.length >= HEAD ? HEAD + bytes.readUInt32BE(1) : HEAD;
  }
}
