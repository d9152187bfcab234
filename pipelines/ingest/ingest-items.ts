import { IngestRefusal } from './ingest-refusal.ts';
import { mediaTypesAgree, sniffBytes, sniffMediaType } from './media-type.ts';
import { type ItemRow, type Segment, writeSegment } from './segment.ts';
import { type SegmentSettings, segmentSettings } from './segment-settings.ts';
import { type ItemLabels, itemLabels, type SourceItem } from './source-item.ts';

/**
 * Turns items into segments, in order, holding at most two segments in memory however large an item is. How the input was cut into pieces does not change a byte.
 * An item is never split while it fits a segment; a larger one gets segments of its own. Refuses an empty input, empty items (unless kept), and items whose first bytes are not what they are declared as.
 */
export async function* ingestItems(
  items: AsyncIterable<SourceItem> | Iterable<SourceItem>,
  settings: Partial<SegmentSettings> = {},
): AsyncGenerator<Segment> {
  const { segmentBytes, segmentRows, emptyItems } = segmentSettings(settings);
  const segments = new SegmentQueue(segmentBytes, segmentRows);
  let item = 0;
  for await (const source of items) {
    const labels = itemLabels(source);
    let part = 0;
    for await (const { bytes, first, last } of cut(source.bytes, segmentBytes)) {
      if (first) checkContent(bytes, labels, emptyItems);
      const whole = first && last;
      yield* segments.add({ ...labels, bytes, item, part, parts: last ? part + 1 : 0 }, whole);
      part++;
    }
    item++;
  }
  yield* segments.flush();
  if (item === 0) throw new IngestRefusal('EMPTY_INPUT', 'there is no item to take in');
}

interface Part {
  readonly bytes: Uint8Array;
  readonly first: boolean;
  readonly last: boolean;
}

/** Cuts a stream of pieces into parts of exactly `size` bytes and a last one of what is left; an empty stream is one empty part. */
async function* cut(pieces: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Part> {
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  let first = true;
  for await (const piece of pieces) {
    for (let at = 0; at < piece.byteLength; ) {
      // A full part is only passed on when more bytes follow, so that the last one is known to be the last.
      if (heldBytes === size) {
        yield { bytes: joined(held, heldBytes), first, last: false };
        [held, heldBytes, first] = [[], 0, false];
      }
      const take = piece.subarray(at, at + size - heldBytes);
      held.push(take);
      heldBytes += take.byteLength;
      at += take.byteLength;
    }
  }
  yield { bytes: joined(held, heldBytes), first, last: true };
}

function joined(pieces: readonly Uint8Array[], bytes: number): Uint8Array {
  return pieces.length === 1 ? (pieces[0] as Uint8Array) : Buffer.concat(pieces, bytes);
}

function checkContent(bytes: Uint8Array, { name, media_type }: ItemLabels, emptyItems: 'refuse' | 'keep'): void {
  if (bytes.byteLength === 0) {
    if (emptyItems === 'keep') return;
    throw new IngestRefusal('EMPTY_ITEM', `${JSON.stringify(name)} has no bytes`, name);
  }
  const sniffed = sniffMediaType(bytes.subarray(0, sniffBytes));
  if (mediaTypesAgree(media_type, sniffed)) return;
  const found = sniffed ?? 'something else';
  throw new IngestRefusal(
    'MEDIA_TYPE_MISMATCH',
    `${JSON.stringify(name)} is declared ${media_type} but its bytes are ${found}`,
    name,
  );
}

/** Gathers rows until a segment is full. */
class SegmentQueue {
  readonly #segmentBytes: number;
  readonly #segmentRows: number;
  #rows: ItemRow[] = [];
  #bytes = 0;
  #index = 0;

  constructor(segmentBytes: number, segmentRows: number) {
    this.#segmentBytes = segmentBytes;
    this.#segmentRows = segmentRows;
  }

  *add(row: ItemRow, whole: boolean): Generator<Segment> {
    const full = this.#rows.length >= this.#segmentRows || this.#bytes + row.bytes.byteLength > this.#segmentBytes;
    if (full || !whole) yield* this.flush();
    this.#rows.push(row);
    this.#bytes += row.bytes.byteLength;
    if (!whole) yield* this.flush();
  }

  *flush(): Generator<Segment> {
    const rows = this.#rows;
    const [firstRow, lastRow] = [rows[0], rows.at(-1)];
    if (firstRow === undefined || lastRow === undefined) return;
    this.#rows = [];
    this.#bytes = 0;
    yield {
      index: this.#index++,
      bytes: writeSegment(rows),
      rows: rows.length,
      items: rows.filter(({ part }) => part === 0).length,
      firstItem: firstRow.item,
      endsItem: lastRow.parts > 0,
    };
  }
}
