const block = 512;
/** The largest size and longest name that a plain ustar header carries. */
const largestOctal = 0o77777777777;
const longestName = 100;

export type TarItem = { readonly name: string; readonly sizeBytes: number; readonly body: AsyncIterable<Uint8Array> };

/**
 * Writes items as a POSIX tar stream (ustar, with pax records where a name or a size needs them). The same items give the same bytes:
 * owner, mode and time are fixed. Throws when a body's length is not what was said.
 */
export async function* writeTar(items: AsyncIterable<TarItem>): AsyncGenerator<Uint8Array> {
  for await (const { name, sizeBytes, body } of items) {
    yield* extended(name, sizeBytes);
    yield header(shortened(name), Math.min(sizeBytes, largestOctal), '0');
    let written = 0;
    for await (const piece of body) {
      written += piece.length;
      yield piece;
    }
    if (written !== sizeBytes) throw new RangeError(`an item of ${sizeBytes} bytes has ${written}`);
    if (written % block !== 0) yield new Uint8Array(block - (written % block));
  }
  yield new Uint8Array(2 * block);
}

function* extended(name: string, sizeBytes: number): Generator<Uint8Array> {
  const records: Buffer[] = [];
  if (Buffer.byteLength(name) > longestName || !/^[ -~]*$/.test(name)) records.push(paxRecord('path', name));
  if (sizeBytes > largestOctal) records.push(paxRecord('size', String(sizeBytes)));
  if (records.length === 0) return;
  const body = Buffer.concat(records);
  yield header('pax', body.length, 'x');
  yield body;
  if (body.length % block !== 0) yield new Uint8Array(block - (body.length % block));
}

/** `<length> <key>=<value>\n`, the length counting its own digits. */
function paxRecord(key: string, value: string): Buffer {
  const rest = Buffer.from(` ${key}=${value}\n`);
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

function shortened(name: string): string {
  return Buffer.from(name.replace(/[^ -~]/gu, '_'))
    .subarray(0, longestName)
    .toString('latin1');
}

function header(name: string, sizeBytes: number, type: string): Uint8Array {
  const bytes = Buffer.alloc(block);
  bytes.write(name, 0, 'latin1');
  bytes.write('0000644\0', 100, 'latin1');
  bytes.write('0000000\0', 108, 'latin1');
  bytes.write('0000000\0', 116, 'latin1');
  bytes.write(`${sizeBytes.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
  bytes.write('00000000000\0', 136, 'latin1');
  bytes.write('        ', 148, 'latin1');
  bytes.write(type, 156, 'latin1');
  bytes.write('ustar\x0000', 257, 'latin1');
  let sum = 0;
  for (const byte of bytes) sum += byte;
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return bytes;
}
