import type { SegmentKeys } from './segment-keys.ts';

/** What everybody is given of a version that may be opened: the manifest, and the salt of its commitment. */
type Named = {
  readonly manifest: string;
  readonly salt: string;
  /** Where the fragments lie now, slot by slot, when some lie elsewhere than the manifest says. */
  readonly slots?: readonly { readonly slot: number; readonly storageNode: string; readonly organization: string }[];
};

/** What a compute node is given, and a reader of a version without shares of S: the keys of its segments. */
export type OpeningPayload = Named & { readonly v: 1; readonly keys: SegmentKeys };

/** What a reader is given of a version with shares of S: the content key, which opens nothing without the S that the reader gathers. */
export type ReadingPayload = Named & {
  readonly v: 2;
  readonly contentKey: string;
  /** Digests of the share blocks, base64, where S was shared anew since the manifest was written. */
  readonly shares?: string;
};

/** What a compute node is given for its output: keys under its claim's token, where to put the blocks, and the secret behind the rows' salts. */
export type OutputPayload = {
  /** 2 where the output has shares of S: its manifests must name them. */
  readonly v: 1 | 2;
  readonly keys: SegmentKeys;
  /** Digests of the share blocks, base64. */
  readonly shares?: string;
  readonly rowSaltSecret: string;
  readonly scheme: { readonly k: number; readonly n: number };
  readonly slots: readonly { readonly slot: number; readonly storageNode: string; readonly organization: string }[];
  readonly segmentCount: number;
};

export function writePayload(payload: OpeningPayload | ReadingPayload | OutputPayload): Uint8Array {
  return Buffer.from(JSON.stringify(payload));
}
