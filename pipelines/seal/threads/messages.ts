import type { Scheme } from '../erasure/index.ts';
import type { SealFaultCode } from '../fault.ts';
import type { SegmentContext } from '../segment.ts';

/** Seal `plain` (its first `plainBytes`) and cut it; `fragments` is a used buffer to write into where it is large enough. */
export interface SealRequest {
  readonly kind: 'seal';
  readonly plain: ArrayBuffer;
  readonly plainBytes: number;
  readonly rows: number;
  readonly context: SegmentContext;
  readonly key: Uint8Array;
  readonly nonce: Uint8Array;
  readonly scheme: Scheme;
  readonly fragments: ArrayBuffer;
}

/** `fragments` holds the data fragments of all stripes, then the parity fragments; `digests` are in manifest order. */
export interface SealReply {
  readonly kind: 'seal';
  readonly plain: ArrayBuffer;
  readonly fragments: ArrayBuffer;
  readonly digests: Uint8Array;
}

/**
 * Open a sealed segment of which k fragments per stripe were gathered: `present[stripe][j]` names the slot whose
 * fragment lies where data fragment j belongs, `digests` what each of them must hash to.
 */
export interface OpenRequest {
  readonly kind: 'open';
  readonly sealed: ArrayBuffer;
  readonly fragmentBytes: number;
  readonly present: readonly (readonly number[])[];
  readonly digests: Uint8Array;
  readonly context: SegmentContext;
  readonly key: Uint8Array;
  readonly scheme: Scheme;
}

export interface OpenReply {
  readonly kind: 'open';
  readonly sealed: ArrayBuffer;
  readonly bytes: Uint8Array;
  readonly rows: number;
}

/** Make the fragments of the `wanted` slots of one stripe from k present ones. Digests: the present ones', then the wanted ones'. */
export interface RepairRequest {
  readonly kind: 'repair';
  readonly sealed: ArrayBuffer;
  readonly fragmentBytes: number;
  readonly present: readonly number[];
  readonly wanted: readonly number[];
  readonly digests: Uint8Array;
  readonly scheme: Scheme;
}

export interface RepairReply {
  readonly kind: 'repair';
  readonly sealed: ArrayBuffer;
  readonly recovered: ArrayBuffer;
}

/** Some gathered fragments are not the blocks they were asked as: gather others in their places and ask again. */
export interface BadReply {
  readonly kind: 'bad';
  readonly sealed: ArrayBuffer;
  readonly bad: readonly { readonly stripe: number; readonly position: number }[];
}

interface FaultReply {
  readonly kind: 'fault';
  readonly code: SealFaultCode;
  readonly message: string;
}

export type Request = SealRequest | OpenRequest | RepairRequest;
export type Reply = SealReply | OpenReply | RepairReply | BadReply | FaultReply;
