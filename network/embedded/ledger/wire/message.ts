import { NONE, read } from './decode.ts';
import { encoded, varintAt } from './encode.ts';

/** One field of a message: its number, how it lies on the wire and what stands in for it when it is absent. */
export interface Field<Out, In = Out> {
  readonly number: number;
  readonly type: 'varint' | 'int32' | 'bool' | 'string' | 'bytes' | 'message';
  readonly many: 'one' | 'list' | 'map';
  readonly message: (() => Message<unknown, never>) | undefined;
  /** Only carries the types of the field; never set. */
  readonly typed?: { readonly out: Out; readonly in: In };
}

type AnyField = Field<unknown, never>;
type Fields = Readonly<Record<string, AnyField>>;
type OutOf<F> = F extends { readonly typed?: { readonly out: infer Out } } ? Out : never;
type InOf<F> = F extends { readonly typed?: { readonly in: infer In } } ? In : never;

/** What decoding gives: every field, absent ones as their proto3 default (`undefined` for messages). */
export type Decoded<F> = { -readonly [K in keyof F]: OutOf<F[K]> };
/** What encoding takes: fields may be left out. */
export type Encodable<F> = { readonly [K in keyof F]?: InOf<F[K]> | undefined };

/** A field with everything that reading and writing ask for, worked out once. */
export interface LinkedField extends AnyField {
  readonly name: string;
  readonly tag: number;
  readonly target: Message<unknown, never> | undefined;
}

const EMPTY = Buffer.alloc(0);
/**
 * A protocol buffer message described by its fields, without generated code. Fields are written by ascending number and
 * proto3 defaults are left out, as Go's generated code does, so that a decoded message encodes to the same bytes again.
 */
export class Message<Out, In> {
  readonly name: string;
  readonly #fields: Fields;
  #linked: readonly LinkedField[] | undefined;
  #byNumber: (LinkedField | undefined)[] = [];
  #blank: Record<string, unknown> = {};

  constructor(name: string, fields: Fields) {
    this.name = name;
    this.#fields = fields;
  }

  get linked(): readonly LinkedField[] {
    return this.#linked ?? this.#link();
  }

  /** An object with every field at its default, in one shape for all decoded messages of this kind. */
  blank(): Record<string, unknown> {
    if (this.#linked === undefined) this.#link();
    return { ...this.#blank };
  }

  fieldAt(number: number): LinkedField | undefined {
    return this.#byNumber[number];
  }

  encode(value: In): Buffer {
    return encoded(this.linked, value as Record<string, unknown>);
  }

  /** Bytes fields of the result are views into `bytes`, not copies. Throws on bytes that are not such a message. */
  decode(bytes: Uint8Array): Out {
    const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return read(this as Message<unknown, never>, buffer) as Out;
  }

  #link(): readonly LinkedField[] {
    const linked = Object.entries(this.#fields).map(([name, field]) => ({
      ...field,
      name,
      tag: (field.number << 3) | (varintAt(field.type) ? 0 : 2),
      target: field.message?.(),
    }));
    linked.sort((a, b) => a.number - b.number);
    for (const field of linked) {
      this.#byNumber[field.number] = field;
      this.#blank[field.name] = defaultOf(field);
    }
    this.#linked = linked;
    return linked;
  }
}

function defaultOf({ many, type }: LinkedField): unknown {
  if (many === 'list') return NONE;
  if (many === 'map' || type === 'message') return undefined;
  if (type === 'string') return '';
  if (type === 'bytes') return EMPTY;
  return type === 'bool' ? false : 0;
}

/** Describes a message; the types of its decoded and encodable forms follow from the fields. */
export const message = <F extends { readonly [K in keyof F]: { readonly number: number } }>(
  name: string,
  fields: F,
): Message<Decoded<F>, Encodable<F>> => new Message(name, fields as unknown as Fields);

const scalar = <T>(number: number, type: AnyField['type']): Field<T> => ({
  number,
  type,
  many: 'one',
  message: undefined,
});
/** Any varint read as a number: exact below 2^53, which covers block numbers and seconds. */
export const uint64 = (number: number): Field<number> => scalar(number, 'varint');
export const int32 = (number: number): Field<number> => scalar(number, 'int32');
export const bool = (number: number): Field<boolean> => scalar(number, 'bool');
export const string = (number: number): Field<string> => scalar(number, 'string');
export const bytes = (number: number): Field<Buffer, Uint8Array | string> =>
  scalar(number, 'bytes') as unknown as Field<Buffer, Uint8Array | string>;

/** A nested message, named by a function so that messages may refer to themselves. */
export const nested = <Out, In>(number: number, of: () => Message<Out, In>): Field<Out | undefined, In> => ({
  number,
  type: 'message',
  many: 'one',
  message: of as unknown as () => Message<unknown, never>,
});

/** A repeated field. */
export const list = <Out, In>(field: Field<Out, In>): Field<readonly NonNullable<Out>[], readonly In[]> =>
  ({ ...field, many: 'list' }) as unknown as Field<readonly NonNullable<Out>[], readonly In[]>;

/** A map with string keys, written sorted by key; `undefined` when there is no entry. */
export const map = <Out, In>(
  number: number,
  entry: () => Message<
    { key: string; value: Out },
    { readonly key?: string | undefined; readonly value?: In | undefined }
  >,
): Field<Readonly<Record<string, NonNullable<Out>>> | undefined, Readonly<Record<string, In>>> => ({
  number,
  type: 'message',
  many: 'map',
  message: entry as unknown as () => Message<unknown, never>,
});

/** The decoded form of a message: `type Block = Wire<typeof Block>`. */
export type Wire<M> = M extends { decode(bytes: Uint8Array): infer Out } ? Out : never;
