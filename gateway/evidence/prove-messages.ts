import type { StorageNodeId } from '@d-cloud/chaincode/domain';
import type { RowProof } from '@d-cloud/pipelines/attest';
import type { StorageWay } from '../peer/storage-ways.ts';
import type { ReadableRow } from './pack.ts';

/** Rows to prove of one partition: where it lies in the output version and in the version's rows, and its batch plan. */
export type PartitionToProve = {
  readonly index: number;
  readonly from: number;
  readonly to: number;
  readonly firstRow: number;
  readonly plan: readonly number[];
  /** Row numbers within the input version. */
  readonly rows: readonly number[];
};

export type ProveInit = {
  readonly manifest: Uint8Array;
  readonly contentKey: Uint8Array;
  /** Gathered from its shares, where the version has an S. */
  readonly s?: Uint8Array | undefined;
  readonly rowSaltSecret: Uint8Array;
  readonly ways: ReadonlyMap<StorageNodeId, StorageWay>;
  /** The storage nodes of the slots in order, where they are not the manifest's. */
  readonly slots?: readonly string[] | undefined;
  readonly right: readonly string[];
  readonly task: 'image-classification' | 'text-embedding';
  readonly partitions: readonly PartitionToProve[];
};

export type Proven = {
  readonly dimensions?: number;
  readonly proofs: readonly { readonly partition: number; readonly row: ReadableRow; readonly proof: RowProof }[];
  /** Root of each proven partition, hex: must be the attested one. */
  readonly roots: readonly { readonly partition: number; readonly root: string }[];
};

export type FromProveThread =
  | { readonly kind: 'proven'; readonly proven: Proven }
  | { readonly kind: 'failed'; readonly detail: string };
