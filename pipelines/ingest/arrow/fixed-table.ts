import { createHash } from 'node:crypto';
import { Schema } from 'apache-arrow';
import { Message } from 'apache-arrow/ipc/metadata/message';
import { SegmentCorrupt } from '../ingest-refusal.ts';
import { BatchBuilder, BatchCursor } from './batch.ts';
import type { Column } from './columns.ts';
import { endOfStream, walkMessages } from './messages.ts';

/** One column for every field of the row, in the order of the schema. */
type Columns<Row> = { readonly [name in keyof Row]-?: Column<Row[name]> };

/**
 * Segments of one schema that we chose: self-contained Arrow IPC streams of a schema message, one batch and the end mark. Equal rows give equal bytes.
 * Reading takes only streams whose schema message is byte for byte ours, parses the rest with every offset checked, and copies no values.
 */
export class FixedTable<Row extends object> {
  readonly schemaMessage: Uint8Array;
  /** SHA-256 of the schema message, lower-case hex. */
  readonly schemaHash: string;
  readonly #columns: [string, Column<unknown>][];

  constructor(columns: Columns<Row>) {
    this.#columns = Object.entries(columns);
    const fields = this.#columns.map(([name, column]) => column.field(name));
    this.schemaMessage = encapsulate(Message.encode(Message.from(new Schema(fields))));
    this.schemaHash = createHash('sha256').update(this.schemaMessage).digest('hex');
  }

  encode(rows: readonly Row[]): Uint8Array {
    const batch = new BatchBuilder();
    for (const [name, column] of this.#columns) {
      column.write(
        rows.map((row) => row[name as keyof Row]),
        batch,
      );
    }
    return batch.stream(this.schemaMessage, rows.length, endOfStream);
  }

  /** All rows of a segment, in order. Throws SegmentCorrupt, also when the row count is not the expected one. */
  decode(segment: Uint8Array, expected?: { readonly rows: number }): Row[] {
    const rows: Row[] = [];
    try {
      for (const message of walkMessages(segment)) {
        if (message.kind === 'schema') this.#checkSchema(message.message);
        else if (message.kind === 'batch')
          rows.push(...this.#decodeBatch(new BatchCursor(message), message.layout.rows));
        else throw new RangeError('a dictionary where none belongs');
      }
    } catch (cause) {
      if (isRangeError(cause)) throw new SegmentCorrupt(`the segment cannot be read: ${cause.message}`, { cause });
      throw cause;
    }
    if (expected !== undefined && rows.length !== expected.rows) {
      throw new SegmentCorrupt(`the segment holds ${rows.length} rows, not ${expected.rows}`);
    }
    return rows;
  }

  #decodeBatch(cursor: BatchCursor, count: number): Row[] {
    const columns = this.#columns.map(([name, column]) => [name, column.read(cursor, count)] as const);
    cursor.end();
    return Array.from({ length: count }, (_, row) => {
      const record: Record<string, unknown> = {};
      for (const [name, values] of columns) record[name] = values[row];
      return record as Row;
    });
  }

  #checkSchema(message: Uint8Array): void {
    if (Buffer.compare(message, this.schemaMessage) !== 0) throw new RangeError('the segment has another schema');
  }
}

/** By name: readers of typed arrays may throw another realm's RangeError. */
function isRangeError(error: unknown): error is Error {
  return (error as Error | undefined)?.name === 'RangeError';
}

function encapsulate(metadata: Uint8Array): Uint8Array {
  const bytes = Math.ceil(metadata.byteLength / 8) * 8;
  const out = new Uint8Array(8 + bytes);
  const view = new DataView(out.buffer);
  view.setUint32(0, 0xffffffff, true);
  view.setInt32(4, bytes, true);
  out.set(metadata, 8);
  return out;
}
