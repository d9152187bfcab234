/** Records that the chaincode keeps for itself: nobody asks for them by name. */
import type { JobId, MspId } from './ids.ts';
import type { Digest } from './records.ts';

/** The members that have registered, in the order of their MSP ids: read instead of a range where an endorsement policy names them. */
export type RosterRecord = {
  readonly v: 1;
  readonly members: readonly MspId[];
  /** Those who have left for good, in the same order; absent while nobody has. */
  readonly departed?: readonly MspId[];
};

/** An open partition, listed for compute nodes. Absent while it is claimed, accepted or failed. */
export type OpenPartitionRecord = { readonly v: 1; readonly job: JobId; readonly index: number };

/** The first answer to a request, kept so that asking again has no second effect. */
export type RequestRecord = {
  readonly v: 1;
  /** Name of the transaction, such as `grant:issue`. */
  readonly transaction: string;
  /** SHA-256 of the request that led there. */
  readonly digest: Digest;
  /** Canonical JSON of the result. */
  readonly result: string;
};

/** An output that a running job will register: nobody else may take its id meanwhile, or after. */
export type ReservationRecord = { readonly v: 1; readonly job: JobId };
