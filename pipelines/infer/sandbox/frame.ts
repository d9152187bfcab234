/**
 * A frame on the pipe between us and a sandboxed child: two little-endian u32 lengths, a JSON header, then raw bytes.
 * Raw bytes travel as they are, so pictures and tensors are neither copied into JSON nor cloned.
 */
export interface Frame<Header> {
  readonly header: Header;
  readonly body: Uint8Array;
}

/** What either side accepts, so that a length out of a broken child cannot make the other side allocate without end. */
export const frameLimits = { headerBytes: 16 << 20, bodyBytes: 1 << 30 } as const;

/** The pieces to write for one frame, in order; the body's pieces are passed on without a copy. */
export function encodeFrame(header: unknown, body: readonly Uint8Array[] = []): Uint8Array[] {
  const text = Buffer.from(JSON.stringify(header));
  const bodyBytes = body.reduce((sum, piece) => sum + piece.byteLength, 0);
  if (text.byteLength > frameLimits.headerBytes || bodyBytes > frameLimits.bodyBytes) {
    throw new RangeError(`a frame of ${text.byteLength} + ${bodyBytes} bytes is over the limit`);
  }
  const lengths = Buffer.alloc(8);
  lengths.writeUInt32LE(text.byteLength, 0);
  lengths.writeUInt32LE(bodyBytes, 4);
  return [lengths, text, ...body.filter((piece) => piece.byteLength > 0)];
}

/** Reads the two lengths that open a frame; throws RangeError when one is over the limit. */
export function readFrameLengths(bytes: Uint8Array): { readonly headerBytes: number; readonly bodyBytes: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, 8);
  const headerBytes = view.getUint32(0, true);
  const bodyBytes = view.getUint32(4, true);
  if (headerBytes > frameLimits.headerBytes || bodyBytes > frameLimits.bodyBytes) {
    throw new RangeError(`a frame of ${headerBytes} + ${bodyBytes} bytes is over the limit`);
  }
  return { headerBytes, bodyBytes };
}

/** Puts frames together again from pieces of any size; each body is one buffer of its own. */
export class FrameAssembler<Header> {
  #wanted = 8;
  #target = Buffer.allocUnsafe(8);
  #stage: 'lengths' | 'header' | 'body' = 'lengths';
  #bodyBytes = 0;
  #header: Header | undefined;

  /** Takes the next piece and gives back the frames that it completed. */
  push(piece: Uint8Array): Frame<Header>[] {
    const frames: Frame<Header>[] = [];
    let at = 0;
    for (;;) {
      const take = Math.min(this.#wanted, piece.byteLength - at);
      this.#target.set(piece.subarray(at, at + take), this.#target.byteLength - this.#wanted);
      this.#wanted -= take;
      at += take;
      if (this.#wanted > 0) return frames;
      const frame = this.#advance();
      if (frame !== undefined) frames.push(frame);
      if (at === piece.byteLength && this.#wanted > 0) return frames;
    }
  }

  #advance(): Frame<Header> | undefined {
    if (this.#stage === 'lengths') {
      const { headerBytes, bodyBytes } = readFrameLengths(this.#target);
      this.#bodyBytes = bodyBytes;
      this.#expect('header', headerBytes);
      return undefined;
    }
    if (this.#stage === 'header') {
      this.#header = JSON.parse(this.#target.toString('utf8')) as Header;
      this.#expect('body', this.#bodyBytes);
      return undefined;
    }
    const frame = { header: this.#header as Header, body: this.#target };
    this.#expect('lengths', 8);
    return frame;
  }

  #expect(stage: 'lengths' | 'header' | 'body', bytes: number): void {
    this.#stage = stage;
    this.#wanted = bytes;
    this.#target = Buffer.allocUnsafe(bytes);
  }
}
