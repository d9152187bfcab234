import { Refusal } from './refusal.ts';

/** What JSON can say, and so what canonical JSON can. Members that are undefined count as absent. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json | undefined };

/** Deeper than any record or body of ours, far from the stack's end. */
const deepest = 24;

/**
 * Writes canonical JSON (RFC 8785): no white space, names sorted by UTF-16 units, numbers and strings as ECMAScript writes them.
 * Throws TypeError for what I-JSON cannot carry: numbers that are not finite, lone surrogates, values that are not JSON, depth over 24.
 */
export function canonicalJson(value: unknown): string {
  return write(value, 0);
}

/** The bytes that are stored, hashed and signed. */
export function canonicalBytes(value: unknown): Uint8Array {
  return new TextEncoder().encode(canonicalJson(value));
}

function write(value: unknown, depth: number): string {
  if (depth > deepest) throw new TypeError(`canonical JSON of ours is at most ${deepest} deep`);
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError(`canonical JSON has no ${value}`);
    return JSON.stringify(value);
  }
  if (typeof value === 'string') {
    if (!value.isWellFormed()) throw new TypeError('canonical JSON has no lone surrogates');
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map((element) => write(element, depth + 1)).join(',')}]`;
  if (typeof value !== 'object') throw new TypeError(`canonical JSON has no ${typeof value}`);
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${write(name, depth)}:${write(member, depth + 1)}`).join(',')}}`;
}

/**
 * Reads text that must be canonical JSON already. One meaning has one text, so this also refuses duplicate names, floats written
 * twice, white space and what is too deep. Refuses with RECORD_INVALID; `what` names the text in the sentence.
 */
export function parseCanonicalJson(text: string, what: string, longest: number): unknown {
  if (text.length > longest) throw new Refusal('RECORD_INVALID', `${what} is longer than ${longest} characters`);
  let value: unknown;
  try {
    value = JSON.parse(text);
    if (canonicalJson(value) === text) return value;
  } catch {
    throw new Refusal('RECORD_INVALID', `${what} is not JSON of at most ${deepest} levels`);
  }
  throw new Refusal('RECORD_INVALID', `${what} is not canonical JSON (RFC 8785)`);
}

/**
 * Reads JSON that others wrote, in any layout, but with each name once per object: two readers must never see two meanings.
 * Refuses with the given code.
 */
export function parseUnambiguousJson(
  text: string,
  what: string,
  code: 'RECORD_INVALID' | 'ATTESTATION_INVALID',
): unknown {
  let value: unknown;
  let names: number;
  try {
    value = JSON.parse(text);
    names = countNames(value, 0);
  } catch {
    throw new Refusal(code, `${what} is not JSON of at most ${deepest} levels`);
  }
  const written = text.match(/"(?:[^"\\]|\\.)*"\s*:?/g) ?? [];
  if (written.filter((token) => token.endsWith(':')).length !== names) {
    throw new Refusal(code, `${what} says a name twice in one object`);
  }
  return value;
}

function countNames(value: unknown, depth: number): number {
  if (depth > deepest) throw new TypeError('too deep');
  if (typeof value !== 'object' || value === null) return 0;
  const inside = Object.values(value).reduce<number>((sum, member) => sum + countNames(member, depth + 1), 0);
  return Array.isArray(value) ? inside : inside + Object.keys(value).length;
}
