import { Fault } from '@d-cloud/network/ledger';

/** Marks the end of an Arrow IPC stream: continuation and a metadata length of zero. */
const endOfStream = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0);

/**
 * Joins self-contained Arrow IPC streams of one schema into one stream, without decoding them: the first stream's schema message,
 * then every stream's dictionaries and batches, then one end (Arrow columnar format, IPC streaming format).
 */
export async function* joinArrowStreams(streams: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let isFirst = true;
  for await (const stream of streams) {
    let at = 0;
    for (let message = 0; ; message++) {
      const length = arrowMessageBytes(stream, at);
      if (length === 0) break;
      if (isFirst || message > 0) yield stream.subarray(at, at + length);
      at += length;
    }
    isFirst = false;
  }
  yield endOfStream;
}

/** Bytes of the encapsulated message that begins at a place of an Arrow IPC stream; 0 at the stream's end. Fault `corrupt` for anything else. */
export function arrowMessageBytes(stream: Uint8Array, at: number): number {
  if (at >= stream.length) return 0;
  const view = new DataView(stream.buffer, stream.byteOffset, stream.byteLength);
  if (at + 8 > stream.length || view.getUint32(at, true) !== 0xffffffff) throw damaged();
  const metadataBytes = view.getInt32(at + 4, true);
  if (metadataBytes === 0) return 0;
  if (metadataBytes < 8 || at + 8 + metadataBytes > stream.length) throw damaged();
  const length = 8 + metadataBytes + bodyLength(view, at + 8);
  if (at + length > stream.length) throw damaged();
  return length;
}

/** `bodyLength`, the fourth field (an int64) of the flatbuffer table `Message` (Message.fbs). */
function bodyLength(view: DataView, root: number): number {
  try {
    const table = root + view.getUint32(root, true);
    const vtable = table - view.getInt32(table, true);
    const slot = 4 + 3 * 2;
    const offset = slot < view.getUint16(vtable, true) ? view.getUint16(vtable + slot, true) : 0;
    const length = offset === 0 ? 0n : view.getBigInt64(table + offset, true);
    if (length < 0n || length > BigInt(view.byteLength)) throw damaged();
    return Number(length);
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    throw damaged();
  }
}

function damaged(): Fault {
  return new Fault('corrupt', 'A segment is no whole Arrow stream.');
}
