import { FlatTable } from './flatbuffer.ts';
import { checkSchema } from './schema-check.ts';

/** What a record batch's metadata says about its body; positions are relative to the body. */
export interface BatchLayout {
  readonly rows: number;
  readonly nodes: readonly [length: number, nullCount: number][];
  readonly buffers: readonly [offset: number, length: number][];
  readonly compressed: boolean;
}

/** One encapsulated message of an Arrow stream: `message` is its bytes from the continuation mark to the end of the body. */
export interface ArrowMessage {
  readonly kind: 'schema' | 'dictionary' | 'batch';
  readonly message: Uint8Array;
  readonly body: Uint8Array;
  readonly layout: BatchLayout;
}

const kinds: Readonly<Record<number, ArrowMessage['kind']>> = { 1: 'schema', 2: 'dictionary', 3: 'batch' };
const noLayout: BatchLayout = { rows: 0, nodes: [], buffers: [], compressed: false };
export const endOfStream = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0);

/** How long a message is by its first bytes: what is needed next, until the whole length is known. */
export function messageLength(head: Uint8Array): { readonly known: boolean; readonly bytes: number } {
  if (head.byteLength < 8) return { known: false, bytes: 8 };
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  if (view.getUint32(0, true) !== 0xffffffff) throw new RangeError('no message begins here');
  const metadataBytes = view.getInt32(4, true);
  if (metadataBytes === 0) return { known: true, bytes: 8 };
  if (metadataBytes < 0 || metadataBytes % 8 !== 0 || metadataBytes > 64 << 20)
    throw new RangeError('a metadata length is out of range');
  if (head.byteLength < 8 + metadataBytes) return { known: false, bytes: 8 + metadataBytes };
  const bodyBytes = FlatTable.root(head.subarray(8, 8 + metadataBytes)).size(3);
  if (bodyBytes % 8 !== 0 || bodyBytes > 2 ** 31) throw new RangeError('a body length is out of range');
  return { known: true, bytes: 8 + metadataBytes + bodyBytes };
}

/** Parses one whole message. Throws RangeError for anything that is not well formed. */
export function parseMessage(message: Uint8Array): ArrowMessage {
  const metadataBytes = new DataView(message.buffer, message.byteOffset, 8).getInt32(4, true);
  const table = FlatTable.root(message.subarray(8, 8 + metadataBytes));
  const version = table.int16(0);
  const kind = kinds[table.uint8(1)];
  const header = table.table(2);
  if (version !== 4 || kind === undefined || header === undefined)
    throw new RangeError('not a message of Arrow 1.0 streams');
  const body = message.subarray(8 + metadataBytes);
  if (kind === 'schema') {
    checkSchema(header);
    return { kind, message, body, layout: noLayout };
  }
  const batch = kind === 'batch' ? header : header.table(1);
  if (batch === undefined) throw new RangeError('a dictionary without values');
  const layout = { rows: batch.size(0), nodes: batch.pairs(1), buffers: batch.pairs(2), compressed: batch.has(3) };
  for (const [offset, length] of layout.buffers) {
    if (offset + length > body.byteLength) throw new RangeError('a buffer runs over the end of its message');
  }
  return { kind, message, body, layout };
}

/**
 * Walks a whole Arrow IPC stream in memory: one schema first, then dictionaries and batches, then the end mark and nothing after it.
 * Throws RangeError for everything else, so that a stream cut at a message boundary is not taken for a shorter one.
 */
export function* walkMessages(stream: Uint8Array): Generator<ArrowMessage> {
  let first = true;
  for (let at = 0; ; first = false) {
    let length = messageLength(stream.subarray(at, at + 8));
    if (!length.known) length = messageLength(stream.subarray(at, at + length.bytes));
    if (!length.known || at + length.bytes > stream.byteLength) throw new RangeError('the stream is cut short');
    if (length.bytes === 8) {
      if (first || at + 8 !== stream.byteLength) throw new RangeError('the stream ends at the wrong place');
      return;
    }
    const message = parseMessage(stream.subarray(at, at + length.bytes));
    if (first !== (message.kind === 'schema'))
      throw new RangeError('the schema is not the first message, or not alone');
    yield message;
    at += length.bytes;
  }
}

/** Rows and batches of a stream, by its own metadata; no value is read. Throws RangeError as `walkMessages` does. */
export function countRows(stream: Uint8Array): { readonly rows: number; readonly batches: number } {
  let rows = 0;
  let batches = 0;
  for (const { kind, layout } of walkMessages(stream)) {
    if (kind !== 'batch') continue;
    rows += layout.rows;
    batches++;
  }
  return { rows, batches };
}
