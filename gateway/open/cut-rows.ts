import { tableFromIPC, tableToIPC } from 'apache-arrow';
import type { Decode } from './decode.ts';

/** Rows of a version by their place in it, from `first` up to but not including `end`. */
export type RowRange = { readonly first: number; readonly end: number };

/**
 * Leaves `range` of the rows of Arrow streams that follow each other, the first of which begins at row `at` of the version. Streams that lie in the
 * range whole pass as they are; only those that it cuts are decoded, by `decode`.
 */
export async function* cutRows(
  streams: AsyncIterable<{ readonly rows: number; readonly bytes: Uint8Array }>,
  at: number,
  { first, end }: RowRange,
  decode: Decode,
): AsyncGenerator<{ readonly bytes: Uint8Array }> {
  let row = at;
  for await (const { rows, bytes } of streams) {
    const [from, to] = [Math.max(first - row, 0), Math.min(end - row, rows)];
    row += rows;
    if (from >= to) continue;
    const cut = () => tableToIPC(tableFromIPC(bytes).slice(from, to), 'stream');
    yield { bytes: from === 0 && to === rows ? bytes : decode(cut) };
  }
}
