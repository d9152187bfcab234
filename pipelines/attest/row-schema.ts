import { hash } from 'node:crypto';
import { canonicalBytes } from '@d-cloud/chaincode/domain';

/** Element types of a row, with the byte that names each in canonical rows. 0 is a missing value. */
export const dtypeCodes = {
  bool: 1,
  int8: 2,
  int16: 3,
  int32: 4,
  int64: 5,
  uint8: 6,
  uint16: 7,
  uint32: 8,
  uint64: 9,
  float16: 10,
  float32: 11,
  float64: 12,
  utf8: 13,
  binary: 14,
} as const;

export type Dtype = keyof typeof dtypeCodes;

/**
 * An output column. `shape` is that of one row's value: [] a scalar, [384] a vector; a first dimension of -1 varies from
 * row to row. A list of structs is one column per member, named `list.member`.
 */
export interface RowColumn {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
}

/**
 * A row's value: null, a scalar, or for a shape its elements in row-major order. 64-bit integers are bigint, float16
 * elements are their bits in a Uint16Array.
 */
export type Cell =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly (boolean | string | Uint8Array)[]
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array
  | Float32Array
  | Float64Array;

/** The 32 bytes that stand for the columns in every row: SHA-256 of the label and the columns' canonical JSON. */
export function rowSchemaId(columns: readonly RowColumn[]): Uint8Array {
  for (const { name, dtype, shape } of columns)
    if (!Object.hasOwn(dtypeCodes, dtype) || shape.length > 8 || !shape.every((size, at) => isSize(size, at)))
      throw new RangeError(`column ${name} has no type of rows`);
  const described = columns.map(({ name, dtype, shape }) => ({ name, dtype, shape: [...shape] }));
  return hash('sha256', Buffer.concat([Buffer.from('dcloud/row-schema/1\0'), canonicalBytes(described)]), 'buffer');
}

function isSize(size: number, at: number): boolean {
  return Number.isInteger(size) && size <= 0xffff_ffff && (size >= 0 || (size === -1 && at === 0));
}
