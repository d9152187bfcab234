import { inflateRawSync } from 'node:zlib';
import { ItemFailure } from './protocol.ts';

const endRecord = 0x06054b50;
const centralRecord = 0x02014b50;
const maxEntries = 4096;

/**
 * Unpacks the XML parts of a ZIP within a budget before a document library does it without one (PKWARE APPNOTE 4.3; sizes in the directory are claims, so each part is really inflated).
 * Throws ItemFailure TOO_LARGE over the budget, CORRUPT when the directory or a part is broken.
 */
export function checkUnpackedSize(zip: Uint8Array, budgetBytes: number): void {
  const view = new DataView(zip.buffer, zip.byteOffset, zip.byteLength);
  const u16 = (at: number) => read(() => view.getUint16(at, true));
  const u32 = (at: number) => read(() => view.getUint32(at, true));
  const end = findEnd(zip, u32);
  const entries = u16(end + 10);
  if (entries > maxEntries) throw new ItemFailure('TOO_LARGE', 'the archive has too many parts');
  let left = budgetBytes;
  for (let index = 0, at = u32(end + 16); index < entries; index++) {
    if (u32(at) !== centralRecord) throw corrupt();
    const [method, packed, nameBytes] = [u16(at + 10), u32(at + 20), u16(at + 28)];
    const name = Buffer.from(zip.subarray(at + 46, at + 46 + nameBytes)).toString('latin1');
    if (/\.(xml|rels)$/i.test(name)) {
      const local = u32(at + 42);
      const data = local + 30 + u16(local + 26) + u16(local + 28);
      left -= unpackedSize(zip.subarray(data, data + packed), method, left);
    }
    at += 46 + nameBytes + u16(at + 30) + u16(at + 32);
  }
}

function unpackedSize(packed: Uint8Array, method: number, left: number): number {
  if (method === 0) {
    if (packed.byteLength > left) throw tooLarge();
    return packed.byteLength;
  }
  if (method !== 8) throw corrupt();
  try {
    return inflateRawSync(packed, { maxOutputLength: Math.max(1, left) }).byteLength;
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE' ? tooLarge() : corrupt();
  }
}

function findEnd(zip: Uint8Array, u32: (at: number) => number): number {
  const last = zip.byteLength - 22;
  for (let at = last; at >= Math.max(0, last - 65_535); at--) if (u32(at) === endRecord) return at;
  throw corrupt();
}

function read<T>(get: () => T): T {
  try {
    return get();
  } catch {
    throw corrupt();
  }
}

const corrupt = () => new ItemFailure('CORRUPT', 'the document cannot be read');
const tooLarge = () => new ItemFailure('TOO_LARGE', 'the document unpacks to too many bytes');
