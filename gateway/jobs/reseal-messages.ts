import type { MspId, StorageNodeId, VersionId } from '@d-cloud/chaincode/domain';
import type { FaultKind } from '@d-cloud/network/ledger';
import type { StorageWay } from '../peer/storage-ways.ts';
import type { ChosenPlacement } from '../publish/choose-placement.ts';

/** What a resealing thread is started with: plain data only. */
export type ResealInit = {
  /** The words of the right under which blocks are got and put. */
  readonly right: readonly string[];
  readonly version: VersionId;
  readonly organization: MspId;
  readonly contentKey: Uint8Array;
  readonly s?: Uint8Array | undefined;
  /** Digests of the blocks with the shares of S. */
  readonly shares?: Uint8Array | undefined;
  /** What the parts were sealed under, where that is something else: they then get an S of their own, whose shares are put too. */
  readonly from?:
    | { readonly contentKey: Uint8Array; readonly s?: Uint8Array | undefined; readonly slots: readonly string[] }
    | undefined;
  readonly placement: ChosenPlacement;
  /** Manifests of what is opened, in order. */
  readonly parts: readonly Uint8Array[];
  readonly ways: ReadonlyMap<StorageNodeId, StorageWay>;
  readonly blockIndexFile: string;
  readonly putListDirectory: string;
  readonly quotaBytes: number;
};

export type FromResealThread =
  | { readonly kind: 'sealed'; readonly manifest: Uint8Array }
  | { readonly kind: 'failed'; readonly fault: FaultKind; readonly detail: string };
