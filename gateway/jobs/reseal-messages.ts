import type { JobId, MspId, StorageNodeId, VersionId } from '@d-cloud/chaincode/domain';
import type { FaultKind } from '@d-cloud/network/ledger';
import type { StorageWay } from '../peer/storage-ways.ts';
import type { ChosenPlacement } from '../publish/choose-placement.ts';

/** What a resealing thread is started with: plain data only. */
export type ResealInit = {
  readonly job: JobId;
  readonly version: VersionId;
  readonly organization: MspId;
  readonly contentKey: Uint8Array;
  readonly s?: Uint8Array | undefined;
  /** Digests of the blocks with the shares of S. */
  readonly shares?: Uint8Array | undefined;
  readonly placement: ChosenPlacement;
  /** Manifests of the accepted partitions, in order. */
  readonly parts: readonly Uint8Array[];
  readonly ways: ReadonlyMap<StorageNodeId, StorageWay>;
  readonly blockIndexFile: string;
  readonly putListDirectory: string;
  readonly quotaBytes: number;
};

export type FromResealThread =
  | { readonly kind: 'sealed'; readonly manifest: Uint8Array }
  | { readonly kind: 'failed'; readonly fault: FaultKind; readonly detail: string };
