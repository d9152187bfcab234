import type { MspId, StorageNodeId, VersionId } from '@d-cloud/chaincode/domain';
import type { FaultKind } from '@d-cloud/network/ledger';
import type { RejectionCode } from '../http/problem.ts';
import type { StorageWay } from '../peer/storage-ways.ts';
import type { ChosenPlacement } from './choose-placement.ts';

/** What was sent: a folder as tar, a table as an Arrow stream, or one file of a media type. */
export type UploadForm =
  | { readonly kind: 'folder' }
  | { readonly kind: 'table' }
  | { readonly kind: 'file'; readonly name: string; readonly mediaType: string };

/** What an upload thread is started with: plain data only. */
export type UploadInit = {
  readonly version: VersionId;
  readonly dataset: string;
  readonly organization: MspId;
  readonly form: UploadForm;
  /** Length that the sender states, where it does. */
  readonly statedBytes?: number | undefined;
  readonly contentKey: Uint8Array;
  readonly placement: ChosenPlacement;
  readonly ways: ReadonlyMap<StorageNodeId, StorageWay>;
  readonly blockIndexFile: string;
  readonly putListDirectory: string;
  readonly quotaBytes: number;
  /** Failpoints that a test has armed. */
  readonly armed: readonly string[];
};

/** How an upload's bytes are handed over: places in shared memory that are filled by one side and given back by the other. */
export const placeBytes = 256 * 1024;
export const placeCount = 16;

/** What an upload thread is started with: what to do, and the memory in which the bytes come. */
export type UploadThreadInit = UploadInit & { readonly places: SharedArrayBuffer };

export type ToUploadThread =
  /** The next bytes lie in this place. */
  | { readonly kind: 'piece'; readonly place: number; readonly length: number }
  | { readonly kind: 'end' }
  /** The sender went away: stop putting and say so. */
  | { readonly kind: 'stop' };

/** What a version came to once all its blocks are placed. `digest` is the SHA-256 of the bytes as they were sent, hex. */
export type PlacedContent = {
  readonly manifest: Uint8Array;
  readonly segmentRows: readonly number[];
  readonly sizeBytes: number;
  readonly digest: string;
};

export type FromUploadThread =
  /** The bytes of this place were read and dealt with. */
  | { readonly kind: 'taken'; readonly place: number }
  | ({ readonly kind: 'placed' } & PlacedContent)
  | { readonly kind: 'rejected'; readonly code: RejectionCode; readonly detail: string }
  | { readonly kind: 'failed'; readonly fault: FaultKind; readonly detail: string };
