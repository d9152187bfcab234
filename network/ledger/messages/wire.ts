import { Fault } from '../fault.ts';

/** Bytes that are not the protobuf message they were taken for. */
export class MalformedMessage extends Fault {
  constructor(message: string) {
    super('corrupt', message);
  }
}

export const varintType = 0;
export const fixed64Type = 1;
export const lengthType = 2;
export const fixed32Type = 5;

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Text of a field; anything but UTF-8 is refused, as Go's protobuf does. */
export function utf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new MalformedMessage('a text field is not UTF-8');
  }
}

/** Reads one protobuf message's fields from a bounded view; every length is checked against the view's end. */
export class WireReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  tag(): { number: number; type: number } {
    const tag = this.unsigned();
    const number = Math.floor(tag / 8);
    if (number < 1 || number > 0x1fffffff) throw new MalformedMessage(`field number ${number} is out of range`);
    return { number, type: tag % 8 };
  }

  #varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw new MalformedMessage('a number is cut off');
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new MalformedMessage('a number is longer than ten bytes');
  }

  /** An unsigned number that JavaScript holds exactly; larger ones are refused. */
  unsigned(): number {
    // Nearly all numbers are lengths and tags below 2^28: no BigInt for those.
    const start = this.#at;
    let small = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw new MalformedMessage('a number is cut off');
      small |= (byte & 0x7f) << shift;
      if (byte < 0x80) return small;
    }
    this.#at = start;
    const value = this.#varint();
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new MalformedMessage(`number ${value} is too large`);
    return Number(value);
  }

  /** A signed 64-bit number; beyond 2^53 it is the nearest float, which is enough for times that nobody trusts. */
  signed(): number {
    return Number(BigInt.asIntN(64, this.#varint()));
  }

  bytes(): Uint8Array {
    const length = this.unsigned();
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new MalformedMessage(`a field of ${length} bytes runs over the end`);
    const view = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return view;
  }

  string(): string {
    return utf8(this.bytes());
  }

  skip(type: number): void {
    if (type === varintType) this.#varint();
    else if (type === lengthType) this.bytes();
    else if (type === fixed64Type) this.#at += 8;
    else if (type === fixed32Type) this.#at += 4;
    else throw new MalformedMessage(`wire type ${type} is not used by Fabric`);
    if (this.#at > this.#bytes.length) throw new MalformedMessage('a field runs over the end');
  }
}

/** Collects the fields of one message in the order they are written. */
export class WireWriter {
  readonly #parts: Uint8Array[] = [];

  #varint(value: number): void {
    const out: number[] = [];
    if (value >= 0 && value < 2 ** 31) {
      let rest = value;
      for (; rest >= 0x80; rest >>>= 7) out.push((rest & 0x7f) | 0x80);
      out.push(rest);
    } else {
      let rest = BigInt.asUintN(64, BigInt(value));
      for (; rest >= 0x80n; rest >>= 7n) out.push(Number(rest & 0x7fn) | 0x80);
      out.push(Number(rest));
    }
    this.#parts.push(Uint8Array.from(out));
  }

  number(field: number, value: number): void {
    this.#varint(field * 8 + varintType);
    this.#varint(value);
  }

  bytes(field: number, value: Uint8Array): void {
    this.#varint(field * 8 + lengthType);
    this.#varint(value.length);
    this.#parts.push(value);
  }

  string(field: number, value: string): void {
    this.bytes(field, Buffer.from(value, 'utf8'));
  }

  finish(): Uint8Array {
    return Buffer.concat(this.#parts);
  }
}
