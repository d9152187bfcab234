import { binary, uint32, utf8 } from './arrow/columns.ts';
import { FixedTable } from './arrow/fixed-table.ts';

/**
 * One row of a version made of files. An item that fits a segment is one row (`part` 0, `parts` 1); a larger one is a run of part rows: `parts` is 0 on every row but the last,
 * where it is their number. `attributes` is a JSON object of strings with sorted keys.
 */
export interface ItemRow {
  readonly name: string;
  readonly media_type: string;
  readonly bytes: Uint8Array;
  readonly attributes: string;
  readonly item: number;
  readonly part: number;
  readonly parts: number;
}

const itemTable = new FixedTable<ItemRow>({
  name: utf8,
  media_type: utf8,
  bytes: binary,
  attributes: utf8,
  item: uint32,
  part: uint32,
  parts: uint32,
});

/** The schema of every version made of files: its Arrow schema message and that message's SHA-256 in hex. */
export const itemSchema = { message: itemTable.schemaMessage, hash: itemTable.schemaHash } as const;

/** A finished segment: an Arrow IPC stream that is complete in itself, and what planners and manifests need to know about it. */
export interface Segment {
  readonly index: number;
  readonly bytes: Uint8Array;
  readonly rows: number;
  /** Number of items that begin here, and the ordinal of the first row's item. For tables: rows, and the ordinal of the first row. */
  readonly items: number;
  readonly firstItem: number;
  /** Whether a partition may end after this segment: not inside an item's run of parts. */
  readonly endsItem: boolean;
}

/** Writes rows as one segment; equal rows give equal bytes. */
export function writeSegment(rows: readonly ItemRow[]): Uint8Array {
  return itemTable.encode(rows);
}

/** Reads a segment of files; `bytes` of each row is a view of the segment. Throws SegmentCorrupt, also for a row count other than expected. */
export function readSegment(segment: Uint8Array, expected?: { readonly rows: number }): ItemRow[] {
  return itemTable.decode(segment, expected);
}
