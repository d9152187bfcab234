import { Rejection } from '../http/problem.ts';

export const tarBlock = 512;

export type TarHeader = { readonly name: string; readonly sizeBytes: number; readonly type: string };

/** Reads one POSIX ustar header (IEEE Std 1003.1, pax), or answers nothing for a block of zeros. Refuses wrong checksums and other formats. */
export function readTarHeader(block: Uint8Array): TarHeader | undefined {
  if (block.every((byte) => byte === 0)) return undefined;
  const bytes = Buffer.from(block.buffer, block.byteOffset, block.length);
  let sum = 0;
  for (let at = 0; at < tarBlock; at++) sum += at >= 148 && at < 156 ? 0x20 : (bytes[at] as number);
  if (octal(bytes.subarray(148, 156)) !== sum) throw invalid('a header with a wrong checksum');
  const magic = bytes.toString('latin1', 257, 262);
  if (magic !== 'ustar') throw invalid('a header that is not ustar');
  const isPosix = bytes[262] === 0;
  const prefix = isPosix ? text(bytes.subarray(345, 500)) : '';
  const name = text(bytes.subarray(0, 100));
  const type = String.fromCharCode(bytes[156] as number);
  return { name: prefix === '' ? name : `${prefix}/${name}`, sizeBytes: size(bytes.subarray(124, 136)), type };
}

/** Reads pax records, `<length> <key>=<value>\n` each; refuses anything else. */
export function readPaxRecords(body: Buffer): Map<string, string> {
  const records = new Map<string, string>();
  for (let at = 0; at < body.length; ) {
    const space = body.indexOf(0x20, at);
    const digits = body.toString('latin1', at, space);
    const length = Number(digits);
    const isWhole = space > at && /^[1-9][0-9]{0,7}$/.test(digits) && at + length <= body.length;
    if (!isWhole || body[at + length - 1] !== 0x0a) throw invalid('a pax record that is not well formed');
    const record = text(body.subarray(space + 1, at + length - 1));
    const equals = record.indexOf('=');
    if (equals < 1) throw invalid('a pax record without a key');
    records.set(record.slice(0, equals), record.slice(equals + 1));
    at += length;
  }
  return records;
}

export function invalid(what: string): Rejection {
  return new Rejection('CONTENT_INVALID', `The archive has ${what}.`);
}

function octal(field: Buffer): number {
  const digits = field
    .toString('latin1')
    .replace(/[\0 ]+$/, '')
    .trimStart();
  if (!/^[0-7]{1,12}$/.test(digits)) throw invalid('a number that is not octal');
  return Number.parseInt(digits, 8);
}

/** Octal, or base 256 where the first bit is set (GNU, for 8 GiB and more). */
function size(field: Buffer): number {
  if (field[0] !== 0x80) return octal(field);
  const value = field.readBigUInt64BE(4);
  if (field.subarray(1, 4).some((byte) => byte !== 0) || value > BigInt(Number.MAX_SAFE_INTEGER))
    throw invalid('a file too large');
  return Number(value);
}

const strict = new TextDecoder('utf-8', { fatal: true });

function text(field: Uint8Array): string {
  const end = field.indexOf(0);
  try {
    return strict.decode(end < 0 ? field : field.subarray(0, end));
  } catch {
    throw new Rejection('CONTENT_INVALID', 'A name in the archive is not UTF-8.');
  }
}
