import { inverse, multiply } from './gf256.ts';

/** k fragments are enough, n are made; fragments 0..k-1 are the data itself, k..n-1 are parity. */
export interface Scheme {
  readonly k: number;
  readonly n: number;
}

/** Refuses schemes outside 1 <= k < n, k <= 32, n <= 64. */
export function checkScheme({ k, n }: Scheme): void {
  if (!Number.isInteger(k) || !Number.isInteger(n) || k < 1 || k > 32 || n <= k || n > 64)
    throw new RangeError(`an erasure scheme needs 1 <= k < n, k <= 32 and n <= 64, got ${k} of ${n}`);
}

/**
 * The published matrix: row r (r < k) is the unit row, parity row r (k <= r < n) has 1 / (r xor c) in column c. It is a
 * systematic Cauchy matrix, so any k rows are independent; equal to ISA-L's gf_gen_cauchy1_matrix for the same k and n.
 */
export function schemeRow(k: number, slot: number): Uint8Array {
  const row = new Uint8Array(k);
  if (slot < k) row[slot] = 1;
  else for (let column = 0; column < k; column++) row[column] = inverse(slot ^ column);
  return row;
}

/** Inverts a square matrix by Gauss-Jordan elimination; throws when it is singular. */
function invert(matrix: readonly Uint8Array[]): Uint8Array[] {
  const size = matrix.length;
  const rows: Uint8Array[] = matrix.map((row, at) => {
    const wide = new Uint8Array(2 * size);
    wide.set(row);
    wide[size + at] = 1;
    return wide;
  });
  for (let column = 0; column < size; column++) {
    const pivot = rows.findIndex((row, at) => at >= column && row[column] !== 0);
    if (pivot < 0) throw new RangeError('the matrix is singular');
    const row = rows[pivot] as Uint8Array;
    rows[pivot] = rows[column] as Uint8Array;
    rows[column] = row;
    const scale = inverse(row[column] ?? 0);
    for (let at = 0; at < row.length; at++) row[at] = multiply(row[at] ?? 0, scale);
    for (const other of rows) {
      const factor = other === row ? 0 : (other[column] ?? 0);
      if (factor !== 0)
        for (let at = 0; at < row.length; at++) other[at] = (other[at] ?? 0) ^ multiply(row[at] ?? 0, factor);
    }
  }
  return rows.map((row) => row.slice(size));
}

/**
 * The rows that turn the k fragments of the `present` slots (in that order) into the fragments of the `wanted` slots,
 * data or parity alike.
 */
export function recoveryRows(scheme: Scheme, present: readonly number[], wanted: readonly number[]): Uint8Array[] {
  checkScheme(scheme);
  const { k, n } = scheme;
  const known = new Set(present);
  if (present.length !== k || known.size !== k || [...present, ...wanted].some((slot) => !(slot >= 0 && slot < n)))
    throw new RangeError(`recovery needs ${k} different slots below ${n}, got ${present.join(', ')}`);
  const inverted = invert(present.map((slot) => schemeRow(k, slot)));
  return wanted.map((slot) => {
    const row = schemeRow(k, slot);
    const out = new Uint8Array(k);
    for (let at = 0; at < k; at++) {
      const factor = row[at] ?? 0;
      if (factor !== 0)
        for (let column = 0; column < k; column++)
          out[column] = (out[column] ?? 0) ^ multiply(factor, inverted[at]?.[column] ?? 0);
    }
    return out;
  });
}
