import type { SegmentKeys } from './segment-keys.ts';

/** What a compute node or reader is given of a version that it may open: the manifest, the salt of its commitment, the keys of its segments. */
export type OpeningPayload = {
  readonly v: 1;
  readonly manifest: string;
  readonly salt: string;
  readonly keys: SegmentKeys;
  /** Where the fragments lie now, slot by slot, when some lie elsewhere than the manifest says. */
  readonly slots?: readonly { readonly slot: number; readonly storageNode: string; readonly organization: string }[];
};

/** What a compute node is given for its output: keys under its claim's token, where to put the blocks, and the secret behind the rows' salts. */
export type OutputPayload = {
  readonly v: 1;
  readonly keys: SegmentKeys;
  readonly rowSaltSecret: string;
  readonly scheme: { readonly k: number; readonly n: number };
  readonly slots: readonly { readonly slot: number; readonly storageNode: string; readonly organization: string }[];
  readonly segmentCount: number;
};

export function writePayload(payload: OpeningPayload | OutputPayload): Uint8Array {
  return Buffer.from(JSON.stringify(payload));
}
