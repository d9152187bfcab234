import { createHash } from 'node:crypto';
import { zstdDecompressSync } from 'node:zlib';
import {
  CompressionType,
  compressionRegistry,
  type RecordBatch,
  RecordBatchStreamWriter,
  tableFromIPC,
} from 'apache-arrow';
import { type ArrowMessage, endOfStream, messageLength, parseMessage } from '../arrow/messages.ts';
import { IngestRefusal } from '../ingest-refusal.ts';
import type { SegmentSettings } from '../segment-settings.ts';
import { HeldBytes } from './held-bytes.ts';
import { checkData, UnsupportedType } from './valid-data.ts';

/** A piece of the table as a stream of its own. */
export interface TableSegment {
  readonly bytes: Uint8Array;
  readonly rows: number;
  readonly batches: number;
}

export interface TableCount {
  readonly rows: number;
  readonly batches: number;
  readonly schemaHash: string;
}

const maxMessageBytes = 256 * 2 ** 20;
const fileMagic = Buffer.from('ARROW1\0\0', 'latin1');

compressionRegistry.set(CompressionType.ZSTD, {
  decode: (bytes) => zstdDecompressSync(bytes, { maxOutputLength: maxMessageBytes }),
});

/**
 * Reads one Arrow IPC stream in pieces of any size, message by message, checks every column and cuts the rows into self-contained segments.
 * Refuses ARROW_TRUNCATED unless the end mark was there, ARROW_INVALID, ARROW_UNSUPPORTED.
 */
export class TableCutter {
  readonly #settings: SegmentSettings;
  readonly #held = new HeldBytes();
  #stage: 'start' | 'messages' | 'end' = 'start';
  #schema: Uint8Array | undefined;
  #schemaHash = '';
  #dictionaries: Uint8Array[] = [];
  #pending: RecordBatch[] = [];
  #pendingRows = 0;
  #pendingBytes = 0;
  #rows = 0;
  #batches = 0;

  constructor(settings: SegmentSettings) {
    this.#settings = settings;
  }

  /** Takes the next piece and gives back the segments that it completed. */
  *push(piece: Uint8Array): Generator<TableSegment> {
    this.#held.add(piece);
    if (this.#stage === 'start' && !this.#begin()) return;
    while (this.#stage === 'messages') {
      const message = this.#next();
      if (message === undefined) return;
      yield* this.#take(message);
    }
    if (this.#held.byteLength > 0) throw new IngestRefusal('ARROW_INVALID', 'bytes follow the end of the stream');
  }

  /** The last segment. Refuses a stream without its end. */
  *end(): Generator<TableSegment> {
    if (this.#stage !== 'end') throw new IngestRefusal('ARROW_TRUNCATED', 'the stream stops before its end mark');
    yield* this.#flush();
  }

  get count(): TableCount {
    return { rows: this.#rows, batches: this.#batches, schemaHash: this.#schemaHash };
  }

  #begin(): boolean {
    const magic = this.#held.peek(8);
    if (magic === undefined) return false;
    if (magic.equals(fileMagic)) {
      throw new IngestRefusal('ARROW_UNSUPPORTED', 'an Arrow file; send the stream format, which says where it ends');
    }
    this.#stage = 'messages';
    return true;
  }

  #next(): ArrowMessage | undefined {
    return invalidUnless(() => {
      let length = { known: false, bytes: 8 };
      while (!length.known) {
        const head = this.#held.peek(length.bytes);
        if (head === undefined) return undefined;
        length = messageLength(head);
        if (length.bytes > maxMessageBytes) throw new RangeError('a message is too large');
      }
      const bytes = this.#held.take(length.bytes);
      if (bytes === undefined) return undefined;
      if (length.bytes > 8) return parseMessage(bytes);
      if (this.#schema === undefined) throw new RangeError('the stream has no schema');
      this.#stage = 'end';
      return undefined;
    });
  }

  *#take({ kind, message, body, layout }: ArrowMessage): Generator<TableSegment> {
    if (kind === 'schema') {
      if (this.#schema !== undefined) throw new IngestRefusal('ARROW_INVALID', 'a second schema');
      this.#schema = Buffer.from(message);
      this.#schemaHash = createHash('sha256').update(message).digest('hex');
      this.#parse([]);
    } else if (kind === 'dictionary') {
      // Segments hold whole dictionaries, so what came before a new one goes out with the old.
      yield* this.#flush();
      this.#dictionaries.push(Buffer.from(message));
      const held = this.#dictionaries.reduce((sum, one) => sum + one.byteLength, 0);
      if (held > maxMessageBytes) throw new IngestRefusal('ARROW_UNSUPPORTED', 'the dictionaries are too large');
    } else {
      this.#batches++;
      const [batch] = this.#parse([message]).batches;
      if (batch === undefined || batch.numRows !== layout.rows) {
        if (layout.rows === 0) return;
        throw new IngestRefusal('ARROW_INVALID', 'a batch has another number of rows than it says');
      }
      this.#check(batch);
      yield* this.#cut(batch, body.byteLength / batch.numRows);
    }
  }

  #parse(batches: readonly Uint8Array[]) {
    if (this.#schema === undefined) throw new IngestRefusal('ARROW_INVALID', 'the stream has no schema');
    const stream = Buffer.concat([this.#schema, ...this.#dictionaries, ...batches, endOfStream]);
    return invalidUnless(() => tableFromIPC(stream));
  }

  #check(batch: RecordBatch): void {
    try {
      checkData(batch.data);
    } catch (error) {
      if (error instanceof UnsupportedType)
        throw new IngestRefusal('ARROW_UNSUPPORTED', `columns of type ${error.message}`);
      throw new IngestRefusal('ARROW_INVALID', (error as Error).message);
    }
  }

  *#cut(batch: RecordBatch, rowBytes: number): Generator<TableSegment> {
    const { segmentBytes, segmentRows } = this.#settings;
    for (let at = 0; at < batch.numRows; ) {
      const byBytes = Math.floor((segmentBytes - this.#pendingBytes) / rowBytes);
      const fit = Math.min(segmentRows - this.#pendingRows, byBytes, batch.numRows - at);
      if (fit < 1 && this.#pendingRows > 0) {
        yield* this.#flush();
        continue;
      }
      const rows = Math.max(1, fit);
      this.#pending.push(batch.slice(at, at + rows));
      this.#pendingRows += rows;
      this.#pendingBytes += rows * rowBytes;
      this.#rows += rows;
      at += rows;
    }
  }

  *#flush(): Generator<TableSegment> {
    if (this.#pendingRows === 0) return;
    const bytes = RecordBatchStreamWriter.writeAll(this.#pending).toUint8Array(true);
    yield { bytes, rows: this.#pendingRows, batches: this.#pending.length };
    this.#pending = [];
    this.#pendingRows = 0;
    this.#pendingBytes = 0;
  }
}

function invalidUnless<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof IngestRefusal) throw error;
    const { message } = error as Error;
    if (/codec|compress/i.test(message))
      throw new IngestRefusal('ARROW_UNSUPPORTED', 'the batches are compressed with a codec other than ZSTD');
    throw new IngestRefusal('ARROW_INVALID', message.slice(0, 200));
  }
}
