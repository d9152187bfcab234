import { Binary, type DataType, Field, FixedSizeList, Float32, List, Struct, Uint32, Uint64, Utf8 } from 'apache-arrow';
import type { BatchBuilder, BatchCursor } from './batch.ts';

/** How one column of a fixed schema is written and read: mirror images. `read` checks every offset and throws RangeError. */
export interface Column<T> {
  field(name: string): Field;
  write(values: readonly T[], batch: BatchBuilder): void;
  read(batch: BatchCursor, rows: number): T[];
}

/** Text, never null. */
export const utf8: Column<string> = {
  field: (name) => new Field(name, new Utf8(), false),
  write(values, batch) {
    batch.node(values.length, 0);
    batch.buffer();
    writeBytes(
      values.map((value) => Buffer.from(value, 'utf8')),
      batch,
    );
  },
  read(batch, rows) {
    noNulls(batch, rows);
    return readBytes(batch, rows).map(text);
  },
};

/** Text or nothing. */
export const optionalUtf8: Column<string | undefined> = {
  field: (name) => new Field(name, new Utf8(), true),
  write(values, batch) {
    writeValidity(values, batch);
    writeBytes(
      values.map((value) => Buffer.from(value ?? '', 'utf8')),
      batch,
    );
  },
  read(batch, rows) {
    const valid = readValidity(batch, rows);
    return readBytes(batch, rows).map((bytes, row) => (valid(row) ? text(bytes) : undefined));
  },
};

/** Bytes, never null; what is read are views. */
export const binary: Column<Uint8Array> = {
  field: (name) => new Field(name, new Binary(), false),
  write(values, batch) {
    batch.node(values.length, 0);
    batch.buffer();
    writeBytes(values, batch);
  },
  read(batch, rows) {
    noNulls(batch, rows);
    return readBytes(batch, rows);
  },
};

export const uint32: Column<number> = {
  field: (name) => new Field(name, new Uint32(), false),
  write(values, batch) {
    batch.node(values.length, 0);
    batch.buffer();
    batch.buffer(Uint32Array.from(values));
  },
  read(batch, rows) {
    noNulls(batch, rows);
    return Array.from(typed(batch.buffer(), Uint32Array, rows));
  },
};

export const uint64: Column<bigint> = {
  field: (name) => new Field(name, new Uint64(), false),
  write(values, batch) {
    batch.node(values.length, 0);
    batch.buffer();
    batch.buffer(BigUint64Array.from(values));
  },
  read(batch, rows) {
    noNulls(batch, rows);
    return Array.from(typed(batch.buffer(), BigUint64Array, rows));
  },
};

export const optionalFloat32: Column<number | undefined> = {
  field: (name) => new Field(name, new Float32(), true),
  write(values, batch) {
    writeValidity(values, batch);
    batch.buffer(Float32Array.from(values, (value) => value ?? 0));
  },
  read(batch, rows) {
    const valid = readValidity(batch, rows);
    return Array.from(typed(batch.buffer(), Float32Array, rows), (value, row) => (valid(row) ? value : undefined));
  },
};

/** A vector of a fixed number of float32, or nothing; what is read are views where the alignment allows. */
export function optionalVector(dimensions: number): Column<Float32Array | undefined> {
  return {
    field: (name) => new Field(name, new FixedSizeList(dimensions, new Field('item', new Float32(), false)), true),
    write(values, batch) {
      writeValidity(values, batch);
      batch.node(values.length * dimensions, 0);
      batch.buffer();
      const empty = new Float32Array(dimensions);
      batch.buffer(...values.map((value) => sized(value ?? empty, dimensions)));
    },
    read(batch, rows) {
      const valid = readValidity(batch, rows);
      noNulls(batch, rows * dimensions);
      const all = typed(batch.buffer(), Float32Array, rows * dimensions);
      return Array.from({ length: rows }, (_, row) =>
        valid(row) ? all.subarray(row * dimensions, (row + 1) * dimensions) : undefined,
      );
    },
  };
}

/** A label with its score. */
export interface Scored {
  readonly label: string;
  readonly score: number;
}

/** A list of labels with scores, or nothing. */
export const optionalScoredList: Column<readonly Scored[] | undefined> = {
  field: (name) => new Field(name, new List(new Field('item', scored, false)), true),
  write(values, batch) {
    writeValidity(values, batch);
    const offsets = new Int32Array(values.length + 1);
    values.forEach((list, row) => {
      offsets[row + 1] = (offsets[row] as number) + (list?.length ?? 0);
    });
    batch.buffer(offsets);
    const entries = values.flatMap((list) => list ?? []);
    batch.node(entries.length, 0);
    batch.buffer();
    utf8.write(
      entries.map(({ label }) => label),
      batch,
    );
    batch.node(entries.length, 0);
    batch.buffer();
    batch.buffer(Float32Array.from(entries, ({ score }) => score));
  },
  read(batch, rows) {
    const valid = readValidity(batch, rows);
    const offsets = readOffsets(batch.buffer(), rows, batch.lengthAhead());
    const count = offsets[rows] as number;
    noNulls(batch, count);
    const labels = utf8.read(batch, count);
    noNulls(batch, count);
    const scores = typed(batch.buffer(), Float32Array, count);
    const entries = labels.map((label, index) => ({ label, score: scores[index] as number }));
    return Array.from({ length: rows }, (_, row) =>
      valid(row) ? entries.slice(offsets[row], offsets[row + 1]) : undefined,
    );
  },
};

const scored: DataType = new Struct([new Field('label', new Utf8(), false), new Field('score', new Float32(), false)]);
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function text(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new RangeError('a text is not UTF-8');
  }
}

function writeBytes(values: readonly Uint8Array[], batch: BatchBuilder): void {
  const offsets = new Int32Array(values.length + 1);
  values.forEach((value, row) => {
    offsets[row + 1] = (offsets[row] as number) + value.byteLength;
  });
  batch.buffer(offsets);
  batch.buffer(...values);
}

function readBytes(batch: BatchCursor, rows: number): Uint8Array[] {
  const offsetBytes = batch.buffer();
  const values = batch.buffer();
  const offsets = readOffsets(offsetBytes, rows, values.byteLength);
  return Array.from({ length: rows }, (_, row) => values.subarray(offsets[row], offsets[row + 1]));
}

function readOffsets(bytes: Uint8Array, rows: number, end: number): Int32Array {
  const offsets = typed(bytes, Int32Array, rows + 1);
  let last = 0;
  for (const offset of offsets) {
    if (offset < last || offset > end) throw new RangeError('an offset is out of order');
    last = offset;
  }
  if (offsets[0] !== 0) throw new RangeError('the offsets do not begin at 0');
  return offsets;
}

function writeValidity(values: readonly unknown[], batch: BatchBuilder): void {
  const nulls = values.filter((value) => value === undefined).length;
  batch.node(values.length, nulls);
  if (nulls === 0) {
    batch.buffer();
    return;
  }
  const bits = new Uint8Array(Math.ceil(values.length / 8));
  values.forEach((value, row) => {
    if (value !== undefined) bits[row >> 3] = (bits[row >> 3] as number) | (1 << (row & 7));
  });
  batch.buffer(bits);
}

function readValidity(batch: BatchCursor, rows: number): (row: number) => boolean {
  const nulls = batch.node(rows);
  const bits = batch.buffer();
  if (nulls === 0) return () => true;
  if (bits.byteLength < Math.ceil(rows / 8)) throw new RangeError('a validity map is too short');
  return (row) => ((bits[row >> 3] as number) & (1 << (row & 7))) !== 0;
}

function noNulls(batch: BatchCursor, rows: number): void {
  if (batch.node(rows) !== 0) throw new RangeError('a value is missing');
  batch.buffer();
}

function sized(value: Float32Array, dimensions: number): Float32Array {
  if (value.length !== dimensions) throw new RangeError(`a vector of ${value.length} numbers, not ${dimensions}`);
  return value;
}

interface TypedArrayConstructor<T> {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): T;
}

/** A typed view of the first `length` values; a copy where the bytes are not aligned. */
function typed<T>(bytes: Uint8Array, type: TypedArrayConstructor<T>, length: number): T {
  const size = length * type.BYTES_PER_ELEMENT;
  if (bytes.byteLength < size) throw new RangeError('a buffer is too short');
  const aligned = bytes.byteOffset % type.BYTES_PER_ELEMENT === 0 ? bytes : bytes.slice(0, size);
  return new type(aligned.buffer, aligned.byteOffset, length);
}
