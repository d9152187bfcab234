import type { InferenceItem } from '../infer/index.ts';
import type { ItemRow } from '../ingest/index.ts';

/** What a row gives to inference: its whole item, nothing yet because the item goes on, or the reason why it cannot be whole. */
export type Assembled =
  | { readonly kind: 'whole'; readonly item: InferenceItem }
  | { readonly kind: 'part' }
  | { readonly kind: 'failed'; readonly reason: string };

/** Puts items back together from runs of part rows, in row order, holding at most `itemBytes` of one item. */
export class ItemAssembly {
  readonly #itemBytes: number;
  #pieces: Uint8Array[] = [];
  #sizeBytes = 0;

  constructor(itemBytes: number) {
    this.#itemBytes = itemBytes;
  }

  add({ media_type: mediaType, bytes, part, parts }: ItemRow): Assembled {
    if (parts === 1) return { kind: 'whole', item: { mediaType, bytes } };
    if (part === 0) this.#forget();
    const fits = part === this.#pieces.length && this.#sizeBytes + bytes.length <= this.#itemBytes;
    // The bytes belong to a segment that is let go; an item that is already incomplete is not held.
    if (fits) {
      this.#pieces.push(Uint8Array.from(bytes));
      this.#sizeBytes += bytes.length;
    }
    if (parts === 0) return { kind: 'part' };
    const pieces = this.#pieces;
    this.#forget();
    if (pieces.length === parts) return { kind: 'whole', item: { mediaType, bytes: Buffer.concat(pieces) } };
    return { kind: 'failed', reason: 'TOO_LARGE: the item is too large, or begins in another partition' };
  }

  #forget(): void {
    this.#pieces = [];
    this.#sizeBytes = 0;
  }
}
