/** Strict readers of foreign values: what is not named is refused, nothing is converted. They refuse with RECORD_INVALID and the place. */
import { type Id, type IdKind, isId, isMspId, type MspId } from './ids.ts';
import type { AgreementKey, Digest, Instant } from './records.ts';
import { Refusal } from './refusal.ts';
import { readInstant } from './time.ts';

/** Reads a value found at a place, such as `terms.purposes[0]`. */
export type Shape<T> = (value: unknown, at: string) => T;

type OptionalKeys<T> = { [K in keyof T]-?: Record<never, never> extends Pick<T, K> ? K : never }[keyof T];
type RequiredKeys<T> = Exclude<keyof T, OptionalKeys<T>>;

export function invalid(at: string, rule: string): Refusal {
  return new Refusal('RECORD_INVALID', `${at} ${rule}`);
}

/** An object with exactly these members; unknown ones are refused. */
export function object<T extends object>(
  required: { readonly [K in RequiredKeys<T>]: Shape<T[K]> },
  ...rest: OptionalKeys<T> extends never ? [] : [{ readonly [K in OptionalKeys<T>]-?: Shape<Exclude<T[K], undefined>> }]
): Shape<T> {
  const musts = Object.entries(required) as [string, Shape<unknown>][];
  const mays = Object.entries(rest[0] ?? {}) as [string, Shape<unknown>][];
  const known = new Set([...musts, ...mays].map(([name]) => name));
  return (value, at) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(at, 'must be an object');
    const given = value as Record<string, unknown>;
    for (const name of Object.keys(given)) {
      if (!known.has(name)) throw invalid(`${at}.${name.slice(0, 40)}`, 'is not known');
    }
    const read: [string, unknown][] = [];
    for (const [name, shape] of musts) {
      if (!Object.hasOwn(given, name)) throw invalid(`${at}.${name}`, 'is missing');
      read.push([name, shape(given[name], `${at}.${name}`)]);
    }
    for (const [name, shape] of mays) {
      if (Object.hasOwn(given, name)) read.push([name, shape(given[name], `${at}.${name}`)]);
    }
    return Object.fromEntries(read) as T;
  };
}

export function list<T>(of: Shape<T>, { min = 0, max }: { min?: number; max: number }): Shape<readonly T[]> {
  return (value, at) => {
    if (!Array.isArray(value)) throw invalid(at, 'must be a list');
    if (value.length < min || value.length > max) throw invalid(at, `must have ${min} to ${max} entries`);
    return value.map((entry, index) => of(entry, `${at}[${index}]`));
  };
}

/** A list that says nothing twice. */
export function set<T extends string>(of: Shape<T>, bounds: { min?: number; max: number }): Shape<readonly T[]> {
  const read = list(of, bounds);
  return (value, at) => {
    const entries = read(value, at);
    if (new Set(entries).size !== entries.length) throw invalid(at, 'must not repeat an entry');
    return entries;
  };
}

/** Text for people: well-formed Unicode without control characters, counted in UTF-16 units. */
export function text({ min = 1, max }: { min?: number; max: number }): Shape<string> {
  return (value, at) => {
    if (typeof value !== 'string') throw invalid(at, 'must be text');
    if (value.length < min || value.length > max) throw invalid(at, `must have ${min} to ${max} characters`);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
    if (!value.isWellFormed() || /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/.test(value)) {
      throw invalid(at, 'must not hold control characters');
    }
    return value;
  };
}

export function pattern(expression: RegExp, rule: string): Shape<string> {
  return (value, at) => {
    if (typeof value !== 'string' || !expression.test(value)) throw invalid(at, rule);
    return value;
  };
}

export function integer({ min, max = Number.MAX_SAFE_INTEGER }: { min: number; max?: number }): Shape<number> {
  return (value, at) => {
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min || value > max) {
      throw invalid(at, `must be a whole number from ${min} to ${max}`);
    }
    return value;
  };
}

export function oneOf<const T extends string>(...choices: readonly T[]): Shape<T> {
  return (value, at) => {
    if (!choices.includes(value as T)) throw invalid(at, `must be one of ${choices.join(', ')}`);
    return value as T;
  };
}

export const flag: Shape<boolean> = (value, at) => {
  if (typeof value !== 'boolean') throw invalid(at, 'must be true or false');
  return value;
};

export function id<K extends IdKind>(kind: K): Shape<Id<K>> {
  return (value, at) => {
    if (!isId(kind, value)) throw invalid(at, `must be an id of kind ${kind}`);
    return value;
  };
}

export const mspId: Shape<MspId> = (value, at) => {
  if (!isMspId(value)) throw invalid(at, 'must be an MSP id');
  return value;
};

export const digest: Shape<Digest> = pattern(/^[0-9a-f]{64}$/, 'must be a SHA-256 in lower-case hex');
/** A whole amount as a decimal string, below 10^30. */
export const amount: Shape<string> = pattern(/^(?:0|[1-9][0-9]{0,29})$/, 'must be a whole amount as a decimal string');
/** 32 bytes of base64 with padding; the 43rd character carries four bits only. */
export const agreementKey: Shape<AgreementKey> = pattern(
  /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/,
  'must be 32 bytes in base64',
);
export const instant: Shape<Instant> = (value, at) => {
  if (typeof value !== 'string' || readInstant(value) === undefined) {
    throw invalid(at, 'must be a time in UTC such as 2026-01-31T12:00:00Z');
  }
  return value;
};
