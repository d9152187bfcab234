import { type Table, tableFromIPC } from 'apache-arrow';
import type { Decode } from './decode.ts';

/** So many are in memory as text. */
const rowsAtOnce = 1_024;

/** Writes the rows of Arrow streams, decoded by `decode`, as JSON lines: a row, a line; 64-bit integers as numbers where they are exact, as text where not. */
export async function* jsonLines(streams: AsyncIterable<Uint8Array>, decode: Decode): AsyncGenerator<Uint8Array> {
  for await (const stream of streams) {
    const table = decode(() => tableFromIPC(stream));
    for (let at = 0; at < table.numRows; at += rowsAtOnce)
      yield Buffer.from(decode(() => linesOf(table.slice(at, at + rowsAtOnce))));
  }
}

function linesOf(rows: Table): string {
  let lines = '';
  for (const row of rows) lines += `${JSON.stringify(row.toJSON(), plain)}\n`;
  return lines;
}

function plain(_: string, value: unknown): unknown {
  if (typeof value === 'bigint') {
    return value <= BigInt(Number.MAX_SAFE_INTEGER) && value >= BigInt(Number.MIN_SAFE_INTEGER)
      ? Number(value)
      : String(value);
  }
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (ArrayBuffer.isView(value)) return [...(value as unknown as Iterable<number>)];
  return value;
}
