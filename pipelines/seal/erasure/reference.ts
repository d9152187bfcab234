import { multiply } from './gf256.ts';
import { recoveryRows, type Scheme } from './matrix.ts';

/**
 * Computes the fragments of the `wanted` slots from k others, byte by byte as the definition says. Slow on purpose: it
 * is what the WebAssembly kernel is compared with, and what another language's author can read.
 */
export function recoverSlowly(
  scheme: Scheme,
  present: readonly { readonly slot: number; readonly bytes: Uint8Array }[],
  wanted: readonly number[],
): Uint8Array[] {
  const rows = recoveryRows(
    scheme,
    present.map(({ slot }) => slot),
    wanted,
  );
  return rows.map((row) => {
    const out = new Uint8Array(present[0]?.bytes.length ?? 0);
    present.forEach(({ bytes }, column) => {
      for (let at = 0; at < out.length; at++) out[at] = (out[at] ?? 0) ^ multiply(row[column] ?? 0, bytes[at] ?? 0);
    });
    return out;
  });
}
