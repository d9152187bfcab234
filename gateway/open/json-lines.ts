import { tableFromIPC } from 'apache-arrow';

/** Writes the rows of Arrow streams as JSON lines: a row, a line; 64-bit integers as numbers where they are exact, as text where not. */
export async function* jsonLines(streams: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const stream of streams) {
    const table = tableFromIPC(stream);
    const lines: string[] = [];
    for (const row of table) lines.push(JSON.stringify(row.toJSON(), plain));
    if (lines.length > 0) yield Buffer.from(`${lines.join('\n')}\n`);
  }
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
