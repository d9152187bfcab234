/** A neighbour: its place among the vectors that were searched, and the cosine of the angle to the query. */
export interface Neighbour {
  readonly index: number;
  readonly score: number;
}

/**
 * The k vectors closest to the query by cosine, closest first; of equal ones the lower index first. All vectors are unit vectors of one length (what `text-embedding` gives).
 * Entries without a vector (failed rows) and the index in `except` are left out.
 */
export function nearest(
  vectors: readonly (Float32Array | undefined)[],
  query: Float32Array,
  k: number,
  except?: number,
): Neighbour[] {
  const best: Neighbour[] = [];
  vectors.forEach((vector, index) => {
    if (vector === undefined || index === except) return;
    if (vector.length !== query.length)
      throw new RangeError(`vector ${index} has ${vector.length} dimensions, not ${query.length}`);
    let score = 0;
    for (let at = 0; at < query.length; at++) score += (vector[at] as number) * (query[at] as number);
    let place = best.length;
    while (place > 0 && score > (best[place - 1] as Neighbour).score) place--;
    if (place < k) best.splice(place, 0, { index, score });
    if (best.length > k) best.pop();
  });
  return best;
}
