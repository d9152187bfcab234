import { lengthType, MalformedMessage, utf8, varintType, WireReader, WireWriter } from './wire.ts';

/** Nesting that Fabric never reaches; deeper input is refused instead of overflowing the stack. */
const deepest = 64;

/**
 * A protobuf message type. `encode` writes fields by ascending number, leaves defaults out and sorts maps by key, as Go's
 * deterministic marshalling does; `decode` skips unknown fields and throws MalformedMessage.
 */
export interface Message<Value, Input = Value> {
  encode(value: Input): Uint8Array;
  decode(bytes: Uint8Array, depth?: number): Value;
}

/** One field: how it reads, how it writes, and what it is when absent. Made by the functions below. */
export interface Field<Value, Input = Value> {
  readonly number: number;
  initial(): Value;
  read(from: WireReader, type: number, before: Value, depth: number): Value;
  write(to: WireWriter, value: NonNullable<Input>): void;
}

type Fields = Record<string, Field<unknown, unknown>>;
type ValueOf<F extends Fields> = { [K in keyof F]: F[K] extends Field<infer V, infer _> ? V : never };
type InputOf<F extends Fields> = { [K in keyof F]?: (F[K] extends Field<infer _, infer I> ? I : never) | undefined };

export type Decoded<M> = M extends Message<infer V, infer _> ? V : never;

export function message<F extends Fields>(fields: F): Message<ValueOf<F>, InputOf<F>> {
  const names = Object.keys(fields).sort((a, b) => fields[a]!.number - fields[b]!.number);
  const byNumber = new Map(names.map((name) => [fields[name]!.number, name]));
  return {
    encode(value) {
      const out = new WireWriter();
      for (const name of names) {
        const part = value[name];
        if (part !== undefined && part !== null) fields[name]!.write(out, part);
      }
      return out.finish();
    },
    decode(bytes, depth = 0) {
      if (depth > deepest) throw new MalformedMessage('messages are nested too deeply');
      const value: Record<string, unknown> = {};
      for (const name of names) value[name] = fields[name]!.initial();
      const from = new WireReader(bytes);
      while (!from.done) {
        const { number, type } = from.tag();
        const name = byNumber.get(number);
        if (name === undefined) from.skip(type);
        else value[name] = fields[name]!.read(from, type, value[name], depth);
      }
      return value as ValueOf<F>;
    },
  };
}

function expect(type: number, wanted: number, number: number): void {
  if (type !== wanted) throw new MalformedMessage(`field ${number} has wire type ${type} instead of ${wanted}`);
}

/** A field that holds one value and is left out when it has its default. */
function single<T>(
  number: number,
  wireType: number,
  initial: T,
  read: (from: WireReader) => T,
  write: (to: WireWriter, value: NonNullable<T>) => void,
): Field<T> {
  return {
    number,
    initial: () => initial,
    read(from, type) {
      expect(type, wireType, number);
      return read(from);
    },
    write(to, value) {
      if (value !== initial) write(to, value);
    },
  };
}

/** A field that may come many times. */
function repeated<V, I>(
  number: number,
  read: (bytes: Uint8Array, depth: number) => V,
  encode: (value: I) => Uint8Array,
): Field<V[], readonly I[]> {
  return {
    number,
    initial: () => [],
    read(from, type, before, depth) {
      expect(type, lengthType, number);
      before.push(read(from.bytes(), depth));
      return before;
    },
    write(to, values) {
      for (const value of values) to.bytes(number, encode(value));
    },
  };
}

const nothing = new Uint8Array(0);

export function bytes(number: number): Field<Uint8Array> {
  return single(
    number,
    lengthType,
    nothing,
    (from) => from.bytes(),
    (to, value) => {
      if (value.length > 0) to.bytes(number, value);
    },
  );
}

export function string(number: number): Field<string> {
  return single(
    number,
    lengthType,
    '',
    (from) => from.string(),
    (to, value) => to.string(number, value),
  );
}

/** uint32, uint64, enum, or an int32 that is never negative. */
export function uint(number: number): Field<number> {
  return single(
    number,
    varintType,
    0,
    (from) => from.unsigned(),
    (to, value) => to.number(number, value),
  );
}

/** int32 or int64 that may be negative. */
export function int(number: number): Field<number> {
  return single(
    number,
    varintType,
    0,
    (from) => from.signed(),
    (to, value) => to.number(number, value),
  );
}

/** A member of a oneof: absent is not zero, so zero is written. */
export function uintOrAbsent(number: number): Field<number | undefined> {
  return single<number | undefined>(
    number,
    varintType,
    undefined,
    (from) => from.unsigned(),
    (to, value) => to.number(number, value),
  );
}

export function bool(number: number): Field<boolean> {
  return single<boolean>(
    number,
    varintType,
    false,
    (from) => from.unsigned() !== 0,
    (to) => to.number(number, 1),
  );
}

/**
 * A nested message; given as a function because a type may contain itself. Where it comes twice both are merged, as every
 * protobuf reader does: a reader that kept only the last would see another transaction than the peers validated.
 */
export function nested<V, I>(number: number, of: () => Message<V, I>): Field<V | undefined, I | undefined> {
  return {
    number,
    initial: () => undefined,
    read(from, type, before, depth) {
      expect(type, lengthType, number);
      const bytes = from.bytes();
      const merged = before === undefined ? bytes : Buffer.concat([of().encode(before as unknown as I & {}), bytes]);
      return of().decode(merged, depth + 1);
    },
    write(to, value) {
      to.bytes(number, of().encode(value));
    },
  };
}

export function list<V, I>(number: number, of: () => Message<V, I>): Field<V[], readonly I[]> {
  return repeated(
    number,
    (bytes, depth) => of().decode(bytes, depth + 1),
    (value: I) => of().encode(value),
  );
}

export function bytesList(number: number): Field<Uint8Array[], readonly Uint8Array[]> {
  return repeated(
    number,
    (bytes) => bytes,
    (value: Uint8Array) => value,
  );
}

export function stringList(number: number): Field<string[], readonly string[]> {
  return repeated(number, utf8, (value: string) => Buffer.from(value, 'utf8'));
}

/** A map with text keys; keys are written in UTF-8 byte order, as Go's deterministic marshalling does. */
export function map<V, I>(number: number, of: () => Message<V, I>): Field<Map<string, V>, ReadonlyMap<string, I>> {
  return keyed(
    number,
    (depth) => (from: Uint8Array) => of().decode(from, depth + 2),
    (value) => of().encode(value),
  );
}

export function bytesMap(number: number): Field<Map<string, Uint8Array>, ReadonlyMap<string, Uint8Array>> {
  return keyed(
    number,
    () => (from: Uint8Array) => from,
    (value) => value,
  );
}

function keyed<V, I>(
  number: number,
  decoder: (depth: number) => (from: Uint8Array) => V,
  encode: (value: I) => Uint8Array,
): Field<Map<string, V>, ReadonlyMap<string, I>> {
  const entry = message({ key: string(1), value: bytes(2) });
  return {
    number,
    initial: () => new Map(),
    read(from, type, before, depth) {
      expect(type, lengthType, number);
      const { key, value } = entry.decode(from.bytes());
      before.set(key, decoder(depth)(value));
      return before;
    },
    write(to, values) {
      const keys = [...values.keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      for (const key of keys) {
        const out = new WireWriter();
        if (key !== '') out.string(1, key);
        out.bytes(2, encode(values.get(key)!));
        to.bytes(number, out.finish());
      }
    },
  };
}
