import type { StorageNodeId } from '@d-cloud/chaincode/domain';
import type { FaultKind } from '@d-cloud/network/ledger';
import type { RejectionCode } from '../http/problem.ts';
import type { StorageWay } from '../peer/storage-ways.ts';
import type { RowRange } from './cut-rows.ts';

/** How content leaves: a folder as tar, the one file of a version as it was, one Arrow stream, or a JSON object per row and line. */
export type ContentForm = 'tar' | 'file' | 'arrow' | 'json-lines';

/** What opens a version: its content key with S where it has one, or the keys of its segments. */
export type OpeningSecret =
  | { readonly kind: 'version'; readonly contentKey: Uint8Array; readonly s?: Uint8Array | undefined }
  | { readonly kind: 'segments'; readonly keys: ReadonlyMap<number, Uint8Array> };

/** What an open thread is started with: plain data only. */
export type OpenInit = {
  readonly manifest: Uint8Array;
  readonly secret: OpeningSecret;
  readonly ways: ReadonlyMap<StorageNodeId, StorageWay>;
  /** The words of the right that other organizations' gateways are shown. */
  readonly right: readonly string[];
  readonly form: ContentForm;
  /** These rows alone, in a form that has rows. Only the segments that they lie in are gathered. */
  readonly rows?: RowRange | undefined;
  /** The storage nodes of the slots in order, where they are not the manifest's. */
  readonly slots?: readonly string[] | undefined;
};

export type ToOpenThread = { readonly kind: 'taken'; readonly bytes: number } | { readonly kind: 'stop' };

export type FromOpenThread =
  /** The first thing said when content can be had: what it is, before its first byte. */
  | { readonly kind: 'begin'; readonly mediaType: string; readonly name?: string }
  | { readonly kind: 'piece'; readonly bytes: Uint8Array }
  /** Foreign Arrow is decoded from here on, and was: a thread that decodes hears nothing, so the other side looks at its clock. */
  | { readonly kind: 'decoding' }
  | { readonly kind: 'decoded' }
  /** SHA-256 of all bytes that were given out, hex. */
  | { readonly kind: 'end'; readonly digest: string }
  | { readonly kind: 'rejected'; readonly code: RejectionCode; readonly detail: string }
  | { readonly kind: 'failed'; readonly fault: FaultKind; readonly detail: string };
