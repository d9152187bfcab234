import { BufferRegion, FieldNode, Message, RecordBatch } from 'apache-arrow/ipc/metadata/message';
import type { ArrowMessage } from './messages.ts';

const alignment = 64;
const padded = (bytes: number, to: number) => Math.ceil(bytes / to) * to;

/** Collects a record batch's nodes and buffers; values are only copied once, into the finished segment. */
export class BatchBuilder {
  readonly #nodes: FieldNode[] = [];
  readonly #regions: BufferRegion[] = [];
  readonly #pieces: { readonly at: number; readonly bytes: Uint8Array }[] = [];
  #bodyBytes = 0;

  node(length: number, nullCount: number): void {
    this.#nodes.push(new FieldNode(length, nullCount));
  }

  /** Adds one buffer made of pieces that follow each other. */
  buffer(...pieces: readonly ArrayBufferView[]): void {
    let at = this.#bodyBytes;
    for (const { buffer, byteOffset, byteLength } of pieces) {
      if (byteLength > 0) this.#pieces.push({ at, bytes: new Uint8Array(buffer, byteOffset, byteLength) });
      at += byteLength;
    }
    this.#regions.push(new BufferRegion(this.#bodyBytes, at - this.#bodyBytes));
    this.#bodyBytes = padded(at, alignment);
  }

  /** The stream of `prefix` (a schema message), this batch and the end mark; buffers lie at multiples of 64 bytes. */
  stream(prefix: Uint8Array, rows: number, end: Uint8Array): Uint8Array {
    const header = new RecordBatch(rows, this.#nodes, this.#regions, null);
    const metadata = Message.encode(Message.from(header, this.#bodyBytes));
    const bodyAt = padded(prefix.byteLength + 8 + metadata.byteLength, alignment);
    const out = new Uint8Array(bodyAt + this.#bodyBytes + end.byteLength);
    out.set(prefix);
    const view = new DataView(out.buffer);
    view.setUint32(prefix.byteLength, 0xffffffff, true);
    view.setInt32(prefix.byteLength + 4, bodyAt - prefix.byteLength - 8, true);
    out.set(metadata, prefix.byteLength + 8);
    for (const { at, bytes } of this.#pieces) out.set(bytes, bodyAt + at);
    out.set(end, bodyAt + this.#bodyBytes);
    return out;
  }
}

/** Hands out a record batch's nodes and buffers in the order of the schema. Throws RangeError when there are too few or they do not fit. */
export class BatchCursor {
  readonly #message: ArrowMessage;
  #node = 0;
  #buffer = 0;

  constructor(message: ArrowMessage) {
    this.#message = message;
    if (message.layout.compressed) throw new RangeError('the batch is compressed');
  }

  /** The null count of the next column; its length must be the given one. */
  node(length: number): number {
    const node = this.#message.layout.nodes[this.#node++];
    if (node === undefined || node[0] !== length || node[1] > length)
      throw new RangeError('a column has another length');
    return node[1];
  }

  /** The length of the next column, where only the column before it knows. */
  lengthAhead(): number {
    return this.#message.layout.nodes[this.#node]?.[0] ?? 0;
  }

  buffer(): Uint8Array {
    const region = this.#message.layout.buffers[this.#buffer++];
    if (region === undefined) throw new RangeError('a buffer is missing');
    return this.#message.body.subarray(region[0], region[0] + region[1]);
  }

  /** Throws unless everything was handed out. */
  end(): void {
    const { nodes, buffers } = this.#message.layout;
    if (this.#node !== nodes.length || this.#buffer !== buffers.length)
      throw new RangeError('the batch has more columns');
  }
}
