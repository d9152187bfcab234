import { varintAt } from './encode.ts';
import type { LinkedField, Message } from './message.ts';

/** Stands for every absent list, so that decoding allocates none. */
export const NONE: readonly never[] = Object.freeze([]);

/** Messages may refer to themselves; deeper nesting than any real one has is refused before the stack ends. */
const MAX_DEPTH = 100;

type Described = Message<unknown, never>;
let at = 0;

/** Decodes one message; throws with Go's words for bytes that are none. */
export function read(message: Described, b: Buffer): Record<string, unknown> {
  return part(message, b, 0, b.length, 0);
}

function malformed(): never {
  throw new Error('proto: cannot parse invalid wire-format data');
}

function varint(b: Buffer): number {
  let c = b[at++]!;
  if (c < 128) return c;
  let low = c & 127;
  for (let shift = 7; shift < 28; shift += 7) {
    c = b[at++]!;
    low |= (c & 127) << shift;
    if (c < 128) return low;
  }
  c = b[at++]!;
  low = (low | ((c & 15) << 28)) >>> 0;
  let high = (c >> 4) & 7;
  if (c < 128) return high * 4294967296 + low;
  for (let shift = 3; shift < 38; shift += 7) {
    c = b[at++]!;
    if (shift < 32) high |= (c & 127) << shift;
    if (c < 128) return high * 4294967296 + low; // a signed 64 bit value, exact below 2^53
  }
  return malformed();
}

function part(message: Described, b: Buffer, start: number, end: number, depth: number): Record<string, unknown> {
  if (depth > MAX_DEPTH) malformed();
  const value = message.blank();
  let p = start;
  while (p < end) {
    at = p;
    const tag = varint(b);
    if (tag < 8) malformed();
    const field = message.fieldAt(tag >>> 3);
    switch (tag & 7) {
      case 0:
        p = number(field, value, b, end);
        break;
      case 1:
        p = at + 8;
        break;
      case 2:
        p = delimited(field, value, b, end, depth);
        break;
      case 5:
        p = at + 4;
        break;
      default:
        malformed();
    }
    if (p > end) malformed();
  }
  return value;
}

function number(field: LinkedField | undefined, value: Record<string, unknown>, b: Buffer, end: number): number {
  const v = varint(b);
  const next = at;
  if (next > end || Number.isNaN(v)) malformed();
  if (field === undefined || !varintAt(field.type)) return next;
  const typed = field.type === 'bool' ? v !== 0 : field.type === 'int32' ? v | 0 : v;
  if (field.many === 'list') append(value, field.name, typed);
  else value[field.name] = typed;
  return next;
}

function delimited(
  field: LinkedField | undefined,
  value: Record<string, unknown>,
  b: Buffer,
  end: number,
  depth: number,
): number {
  const length = varint(b);
  const from = at;
  const next = from + length;
  if (!(length >= 0) || next > end) malformed();
  if (field === undefined) return next;
  if (varintAt(field.type)) {
    if (field.many === 'list') while (at < next) append(value, field.name, varint(b)); // packed
    return next;
  }
  const v = content(field, b, from, next, depth);
  if (field.many === 'list') append(value, field.name, v);
  else if (field.many === 'map') entry(value, field.name, v as { key: string; value: unknown });
  else value[field.name] = v;
  return next;
}

function content(field: LinkedField, b: Buffer, from: number, to: number, depth: number): unknown {
  if (field.target !== undefined) return part(field.target, b, from, to, depth + 1);
  return field.type === 'string' ? b.toString('utf8', from, to) : b.subarray(from, to);
}

function append(value: Record<string, unknown>, name: string, item: unknown): void {
  const list = value[name] as unknown[];
  if ((list as readonly unknown[]) === NONE) value[name] = [item];
  else list.push(item);
}

function entry(value: Record<string, unknown>, name: string, { key, value: v }: { key: string; value: unknown }): void {
  // Keys come from outside: a map without a prototype keeps `__proto__` an ordinary key.
  let map = value[name] as Record<string, unknown> | undefined;
  if (map === undefined) {
    map = Object.create(null) as Record<string, unknown>;
    value[name] = map;
  }
  map[key] = v;
}
