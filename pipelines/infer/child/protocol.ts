import type { ModelCard, NumericSettings } from '../card.ts';

/** What a child may spend on one item. */
export interface ItemLimits {
  readonly pixels: number;
  readonly pages: number;
  readonly textCharacters: number;
  readonly unpackedBytes: number;
}

/** Asks the child to load a model; the body is the files one after the other. */
export interface OpenRequest {
  readonly kind: 'open';
  readonly card: ModelCard;
  readonly settings: NumericSettings;
  readonly limits: ItemLimits;
  readonly files: readonly { readonly name: string; readonly sizeBytes: number }[];
}

/** Asks for one batch of items; the body is their bytes one after the other. */
export interface RunRequest {
  readonly kind: 'run';
  readonly items: readonly { readonly mediaType: string; readonly sizeBytes: number }[];
}

/** Why a row has no result. Only codes and fixed sentences go into results, because results are hashed and compared. */
export type FailureCode =
  | 'MEDIA_TYPE_NOT_TAKEN'
  | 'MEDIA_TYPE_MISMATCH'
  | 'CORRUPT'
  | 'TOO_LARGE'
  | 'NO_TEXT'
  | 'MODEL_FAILED'
  | 'RESULT_INVALID'
  | 'DEADLINE'
  | 'CHILD_DIED';

/** One answer per item. Embeddings stand in the body, one after the other, for the items that have one. */
export type ItemAnswer =
  | { readonly code: FailureCode; readonly detail: string }
  | { readonly top: readonly { readonly label: string; readonly score: number }[] }
  | { readonly embedding: true };

/** Versions and settings that decide the bits of a result; part of every attestation. */
export interface RuntimeInfo {
  readonly ort: string;
  readonly executionProvider: 'cpu';
  readonly isa: string;
  readonly intraOpThreads: number;
  readonly interOpThreads: number;
  readonly executionMode: string;
  readonly graphOptimizationLevel: string;
  readonly sessionOptions: Readonly<Record<string, string>>;
  readonly dtype: string;
  readonly node: string;
  readonly libvips: string;
}

export type Answer =
  | { readonly kind: 'opened'; readonly runtime: Omit<RuntimeInfo, 'isa'> }
  | { readonly kind: 'refused'; readonly code: string; readonly detail: string }
  | { readonly kind: 'answers'; readonly items: readonly ItemAnswer[] };

/** Thrown while one item is decoded; becomes that row's failure and no other's. */
export class ItemFailure extends Error {
  override readonly name = 'ItemFailure';
  readonly code: FailureCode;

  constructor(code: FailureCode, detail: string) {
    super(detail);
    this.code = code;
  }
}
