import type { Rows } from '../engine/simulation.ts';
import { QueryResponse, QueryResponseMetadata } from '../wire/shim.ts';

/** Results per answer and per query, as in Fabric. */
const BATCH = 100;
const TOTAL = 100_000;

interface Open {
  readonly next: Rows<Buffer>;
  /** Read already, but belongs to the next answer. */
  held: Buffer | undefined;
  total: number;
}

/** The open iterators of one transaction. */
export class Queries {
  readonly #open = new Map<string, Open>();
  #count = 0;

  /** Opens an iterator and answers its first rows. */
  open(next: Rows<Buffer>): Buffer {
    const id = String(++this.#count);
    this.#open.set(id, { next, held: undefined, total: 0 });
    return this.next(id);
  }

  /** Answers a page whole: it has no further rows, only the bookmark to ask the next page with. */
  page(next: Rows<Buffer>, bookmark: () => string): Buffer {
    const results: { resultBytes: Buffer }[] = [];
    for (let row = next(); row !== undefined && results.length < TOTAL; row = next())
      results.push({ resultBytes: row });
    const metadata = QueryResponseMetadata.encode({ fetchedRecords: results.length, bookmark: bookmark() });
    return QueryResponse.encode({ results, hasMore: false, id: String(++this.#count), metadata });
  }

  next(id: string): Buffer {
    const query = this.#open.get(id);
    if (query === undefined) throw new Error('query iterator not found');
    const results: { resultBytes: Buffer }[] = [];
    let row = query.held ?? query.next();
    query.held = undefined;
    while (row !== undefined && query.total < TOTAL) {
      if (results.length === BATCH) {
        query.held = row;
        return QueryResponse.encode({ results, hasMore: true, id });
      }
      results.push({ resultBytes: row });
      query.total++;
      row = query.total < TOTAL ? query.next() : undefined;
    }
    this.#open.delete(id);
    return QueryResponse.encode({ results, hasMore: false, id });
  }

  close(id: string): Buffer {
    this.#open.delete(id);
    return QueryResponse.encode({ id });
  }
}
