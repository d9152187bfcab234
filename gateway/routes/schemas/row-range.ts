import { z } from 'zod';
import type { RowRange } from '../../open/cut-rows.ts';

/** `100-199`: the first and the last row that are wanted, counted from 0. */
export const rowRange = z
  .string()
  .regex(/^\d{1,12}-\d{1,12}$/, 'write the first and the last row, counted from 0, such as 100-199')
  .describe('Only these rows, first to last, counted from 0; segments that they do not lie in are not gathered');

/** The rows that a checked text names; all of them without one. */
export function rowsIn(text: string | undefined): RowRange | undefined {
  if (text === undefined) return undefined;
  const [first, last] = text.split('-').map(Number);
  return { first: first!, end: last! + 1 };
}
