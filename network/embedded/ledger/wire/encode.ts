import type { Field, LinkedField } from './message.ts';

// Messages are written from their end to their start into one buffer that only grows, so that every length is known when
// it is written. Encoding is synchronous, so the buffer is shared by all.
let out = Buffer.allocUnsafeSlow(1 << 16);
let at = out.length;

/** Whether values of this type lie on the wire as a varint (else they are length-delimited). */
export const varintAt = (type: Field<unknown>['type']): boolean =>
  type === 'varint' || type === 'int32' || type === 'bool';

/** Writes one whole message and gives its bytes. */
export function encoded(fields: readonly LinkedField[], value: Record<string, unknown>): Buffer {
  at = out.length;
  write(fields, value);
  const copy = Buffer.allocUnsafe(out.length - at);
  out.copy(copy, 0, at);
  return copy;
}

function write(fields: readonly LinkedField[], value: Record<string, unknown>): void {
  for (let i = fields.length - 1; i >= 0; i--) {
    const field = fields[i]!;
    const v = value[field.name];
    if (v === undefined || v === null) continue;
    if (field.many === 'list') for (let j = (v as unknown[]).length - 1; j >= 0; j--) one(field, (v as unknown[])[j]);
    else if (field.many === 'map') entries(field, v as Record<string, unknown>);
    else if (field.type === 'message' || isSet(v)) one(field, v);
  }
}

function isSet(v: unknown): boolean {
  if (typeof v === 'number') return v !== 0;
  if (typeof v === 'boolean') return v;
  return (v as string | Uint8Array).length !== 0;
}

function entries(field: LinkedField, values: Record<string, unknown>): void {
  for (const key of Object.keys(values).sort().reverse()) one(field, { key, value: values[key] });
}

function one(field: LinkedField, v: unknown): void {
  if (varintAt(field.type)) varint(Number(v));
  else {
    const end = out.length - at;
    if (field.target !== undefined) write(field.target.linked, v as Record<string, unknown>);
    else if (typeof v === 'string') text(v);
    else octets(v as Uint8Array);
    varint(out.length - at - end);
  }
  varint(field.tag);
}

function text(v: string): void {
  const n = Buffer.byteLength(v);
  room(n);
  at -= n;
  if (n === v.length) out.write(v, at, n, 'latin1');
  else out.write(v, at, n, 'utf8');
}

function octets(v: Uint8Array): void {
  room(v.length);
  at -= v.length;
  out.set(v, at);
}

function room(n: number): void {
  if (at >= n) return;
  const used = out.length - at;
  const bigger = Buffer.allocUnsafeSlow(Math.max(out.length * 2, used + n));
  out.copy(bigger, bigger.length - used, at);
  at = bigger.length - used;
  out = bigger;
}

function varint(n: number): void {
  room(10);
  if (n >= 0 && n < 128) {
    out[--at] = n;
    return;
  }
  if (n < 0) {
    negative(n);
    return;
  }
  let length = 1;
  for (let m = n; m >= 128; m = Math.floor(m / 128)) length++;
  at -= length;
  let p = at;
  let rest = n;
  while (rest >= 128) {
    out[p++] = (rest % 128) | 128;
    rest = Math.floor(rest / 128);
  }
  out[p] = rest;
}

function negative(n: number): void {
  let rest = BigInt.asUintN(64, BigInt(n));
  at -= 10;
  for (let i = 0; i < 10; i++) {
    out[at + i] = Number(rest & 127n) | (i < 9 ? 128 : 0);
    rest >>= 7n;
  }
}
