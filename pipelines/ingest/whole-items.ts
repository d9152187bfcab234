import { SegmentCorrupt } from './ingest-refusal.ts';
import type { ItemRow } from './segment.ts';

/** An item put together from its rows. `bytes` is missing when the item is larger than was asked for. */
export interface WholeItem {
  readonly item: number;
  readonly name: string;
  readonly mediaType: string;
  readonly attributes: string;
  readonly bytes: Uint8Array | undefined;
  readonly sizeBytes: number;
  /** Place of the item's first row among the rows given in. */
  readonly firstRow: number;
  readonly rows: number;
}

/**
 * Joins part rows to items, in order, holding one item at a time and of none more than `itemBytes`. Items of one row are passed on without a copy.
 * Throws SegmentCorrupt when parts are missing or out of order, also at the end.
 */
export async function* wholeItems(
  rows: AsyncIterable<ItemRow> | Iterable<ItemRow>,
  itemBytes: number,
): AsyncGenerator<WholeItem> {
  let held: ItemRow[] = [];
  let heldBytes = 0;
  let index = 0;
  for await (const row of rows) {
    const first = held[0];
    if (row.part !== held.length || (first !== undefined && row.item !== first.item)) {
      throw new SegmentCorrupt(`part ${row.part} of item ${row.item} stands where part ${held.length} belongs`);
    }
    heldBytes += row.bytes.byteLength;
    held.push(heldBytes <= itemBytes ? row : { ...row, bytes: new Uint8Array(0) });
    index++;
    if (row.parts === 0) continue;
    if (row.parts !== held.length)
      throw new SegmentCorrupt(`item ${row.item} has ${held.length} parts, not ${row.parts}`);
    yield join(held, heldBytes, itemBytes, index);
    [held, heldBytes] = [[], 0];
  }
  if (held.length > 0) throw new SegmentCorrupt(`item ${held[0]?.item} ends in the middle`);
}

function join(rows: readonly ItemRow[], sizeBytes: number, itemBytes: number, end: number): WholeItem {
  const first = rows[0] as ItemRow;
  const parts = rows.map(({ bytes }) => bytes);
  return {
    item: first.item,
    name: first.name,
    mediaType: first.media_type,
    attributes: first.attributes,
    bytes: sizeBytes > itemBytes ? undefined : parts.length === 1 ? first.bytes : Buffer.concat(parts, sizeBytes),
    sizeBytes,
    firstRow: end - rows.length,
    rows: rows.length,
  };
}
