import { type Cell, type Dtype, dtypeCodes, type RowColumn, rowSchemaId } from './row-schema.ts';

/** Room for what a tree puts before the row (0x00 and the salt), so that a leaf is hashed from one piece of memory. */
const leafPrefixBytes = 17;

const elementBytes: Readonly<Record<Dtype, number>> = {
  bool: 1,
  int8: 1,
  int16: 2,
  int32: 4,
  int64: 8,
  uint8: 1,
  uint16: 2,
  uint32: 4,
  uint64: 8,
  float16: 2,
  float32: 4,
  float64: 8,
  utf8: 0,
  binary: 0,
};

/**
 * Writes rows in their one canonical form: row id (u64), schema id (32 bytes), then per column the dtype's byte, the
 * rank (u8), each dimension (u32) and the values. Integers of this frame are big-endian, values little-endian; NaN is
 * the quiet one with no payload, -0 stays; texts are UTF-8 after their length (u32). A missing value is a zero byte.
 */
export class RowEncoder {
  readonly columns: readonly RowColumn[];
  readonly #schemaId: Uint8Array;
  #memory = Buffer.alloc(64 * 1024);
  #at = 0;

  constructor(columns: readonly RowColumn[]) {
    this.columns = columns;
    this.#schemaId = rowSchemaId(columns);
  }

  get schemaId(): Uint8Array {
    return this.#schemaId;
  }

  /** A row's bytes after 17 free ones, valid until the next call. Cells stand in the order of the columns. */
  encodeWithPrefix(rowId: bigint | number, cells: readonly Cell[]): Buffer {
    if (cells.length !== this.columns.length)
      throw new RangeError(`a row has ${this.columns.length} cells, got ${cells.length}`);
    this.#at = leafPrefixBytes;
    this.#room(40);
    this.#memory.writeBigUInt64BE(BigInt(rowId), this.#at);
    this.#memory.set(this.#schemaId, this.#at + 8);
    this.#at += 40;
    for (const [at, column] of this.columns.entries()) this.#cell(column, cells[at] ?? null);
    return this.#memory.subarray(0, this.#at);
  }

  /** A row's bytes, the receiver's to keep. */
  encode(rowId: bigint | number, cells: readonly Cell[]): Uint8Array {
    return this.encodeWithPrefix(rowId, cells).subarray(leafPrefixBytes).slice();
  }

  #cell({ name, dtype, shape }: RowColumn, cell: Cell): void {
    this.#room(2 + 4 * shape.length);
    if (cell === null) {
      this.#memory[this.#at++] = 0;
      return;
    }
    const elements = shape.length === 0 ? 1 : countOf(cell, name);
    const rest = shape.slice(1).reduce((product, size) => product * size, 1);
    const first = shape[0] === -1 ? (rest === 0 ? 0 : elements / rest) : (shape[0] ?? 1);
    if (!Number.isInteger(first) || first * rest !== elements)
      throw new RangeError(`column ${name} has ${elements} elements where its shape is ${shape.join(' x ')}`);
    this.#memory[this.#at++] = dtypeCodes[dtype];
    this.#memory[this.#at++] = shape.length;
    for (const [at, size] of shape.entries()) this.#at = this.#memory.writeUInt32BE(at === 0 ? first : size, this.#at);
    this.#room(elements * elementBytes[dtype]);
    if (ArrayBuffer.isView(cell) && dtype !== 'binary') this.#typedArray(cell, dtype, name);
    else if (Array.isArray(cell)) for (const element of cell) this.#element(element, dtype, name);
    else this.#element(cell as Cell, dtype, name);
  }

  /** Copies elements as they lie in memory (all supported machines are little-endian), then makes every NaN the one NaN. */
  #typedArray(cell: ArrayBufferView, dtype: Dtype, name: string): void {
    const expected = arrays[dtype];
    if (expected === undefined || !(cell instanceof expected))
      throw new TypeError(`column ${name} is not an array of ${dtype}`);
    const from = this.#at;
    this.#memory.set(new Uint8Array(cell.buffer, cell.byteOffset, cell.byteLength), from);
    this.#at += cell.byteLength;
    const memory = this.#memory;
    if (cell instanceof Float32Array) {
      for (let at = 0; at < cell.length; at++)
        if (Number.isNaN(cell[at])) memory.writeUInt32LE(0x7fc0_0000, from + 4 * at);
    } else if (cell instanceof Float64Array) {
      for (let at = 0; at < cell.length; at++)
        if (Number.isNaN(cell[at])) memory.writeBigUInt64LE(0x7ff8_0000_0000_0000n, from + 8 * at);
    } else if (dtype === 'float16' && cell instanceof Uint16Array) {
      for (const [at, bits] of cell.entries())
        if ((bits & 0x7c00) === 0x7c00 && (bits & 0x03ff) !== 0) memory.writeUInt16LE(0x7e00, from + 2 * at);
    }
  }

  #element(value: Cell, dtype: Dtype, name: string): void {
    if (typeof value === 'string' && dtype === 'utf8') this.#text(value, name);
    else if (value instanceof Uint8Array && dtype === 'binary') this.#prefixed(value);
    else if (typeof value === 'boolean' && dtype === 'bool') this.#memory[this.#at++] = value ? 1 : 0;
    else if (typeof value === 'number' || typeof value === 'bigint') this.#number(value, dtype, name);
    else throw new TypeError(`column ${name} is no ${dtype}`);
  }

  #number(value: number | bigint, dtype: Dtype, name: string): void {
    const Elements = arrays[dtype];
    if (Elements === undefined || dtype === 'float16') throw new TypeError(`column ${name} is no ${dtype}`);
    const wide = dtype === 'int64' || dtype === 'uint64';
    if (wide !== (typeof value === 'bigint')) throw new TypeError(`column ${name} is no ${dtype}`);
    const array = new Elements(1) as unknown as (number | bigint)[];
    array[0] = value;
    const isFloat = dtype === 'float32' || dtype === 'float64';
    if (!isFloat && array[0] !== value) throw new RangeError(`column ${name} does not fit ${dtype}`);
    this.#typedArray(array as unknown as ArrayBufferView, dtype, name);
  }

  #text(value: string, name: string): void {
    if (!value.isWellFormed()) throw new TypeError(`column ${name} is no well-formed text`);
    this.#room(4 + 3 * value.length);
    const length = this.#memory.write(value, this.#at + 4, 'utf8');
    this.#memory.writeUInt32BE(length, this.#at);
    this.#at += 4 + length;
  }

  #prefixed(bytes: Uint8Array): void {
    this.#room(4 + bytes.length);
    this.#memory.writeUInt32BE(bytes.length, this.#at);
    this.#memory.set(bytes, this.#at + 4);
    this.#at += 4 + bytes.length;
  }

  #room(bytes: number): void {
    if (this.#at + bytes + 16 <= this.#memory.length) return;
    const larger = Buffer.alloc(2 * (this.#at + bytes + 16));
    this.#memory.copy(larger);
    this.#memory = larger;
  }
}

type ArrayOf = new (length: number) => ArrayBufferView;

const arrays: Readonly<Partial<Record<Dtype, ArrayOf>>> = {
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  uint64: BigUint64Array,
  float16: Uint16Array,
  float32: Float32Array,
  float64: Float64Array,
};

function countOf(cell: Cell, name: string): number {
  if (Array.isArray(cell) || ArrayBuffer.isView(cell)) return (cell as { readonly length: number }).length;
  throw new TypeError(`column ${name} has a shape, its value has none`);
}
