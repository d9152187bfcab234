/** Who must endorse a change of a record: Fabric's key-level endorsement policies, as data and as bytes. */

import type { MspId } from './ids.ts';
import type { JobRecord } from './records.ts';

/** Peers of `first` and of one of `second` must endorse; of `first` alone where `second` is empty. */
export type KeyPolicy = { readonly first: MspId; readonly second: readonly MspId[] };

/** An owner's records: the owner and one other member. */
export function ownerAndOneOther(owner: MspId, members: readonly MspId[]): KeyPolicy {
  return { first: owner, second: members.filter((mspId) => mspId !== owner) };
}

/**
 * A job's records: the requester and one executor. A requester that executes itself speaks for both, and one peer may not sign twice,
 * so that there any other member is the second.
 */
export function requesterAndOneExecutor(
  job: Pick<JobRecord, 'requester' | 'executors'>,
  members: readonly MspId[],
): KeyPolicy {
  const { requester, executors } = job;
  return executors.includes(requester) ? ownerAndOneOther(requester, members) : { first: requester, second: executors };
}

/**
 * The policy as a `common.SignaturePolicyEnvelope`, as Fabric's state-based endorsement reads it: principals are the peers
 * (MSP role PEER) of each organization, the rule is `OutOf(2, first, OutOf(1, second…))`.
 */
export function encodeKeyPolicy({ first, second }: KeyPolicy): Uint8Array {
  const signedBy = (index: number) => field(1, varint(index), 0);
  const outOf = (n: number, rules: readonly Uint8Array[]) =>
    field(2, Buffer.concat([field(1, varint(n), 0), ...rules.map((rule) => field(2, rule))]));
  const others = [...second].sort((a, b) => (a < b ? -1 : 1));
  const rule =
    others.length === 0
      ? outOf(1, [signedBy(0)])
      : outOf(2, [
          signedBy(0),
          outOf(
            1,
            others.map((_, index) => signedBy(index + 1)),
          ),
        ]);
  const principals = [first, ...others].map((mspId) => {
    const role = Buffer.concat([field(1, Buffer.from(mspId)), field(2, varint(peerRole), 0)]);
    // principal_classification ROLE is 0, the default, and so not written.
    return field(3, field(2, role));
  });
  return Buffer.concat([field(2, rule), ...principals]);
}

/** MSPRole.PEER. */
const peerRole = 3;

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest >>>= 7) bytes.push((rest & 127) | 128);
  return Uint8Array.from([...bytes, rest]);
}

/** A protobuf field: wire type 2 (length-delimited) unless 0 (varint) is asked for. */
function field(number: number, payload: Uint8Array, wireType: 0 | 2 = 2): Uint8Array {
  return Buffer.concat([
    varint((number << 3) | wireType),
    ...(wireType === 2 ? [varint(payload.length)] : []),
    payload,
  ]);
}
