import type { ErrorDetail } from '../wire/gateway.ts';
import type { Peer, PeerAnswer } from './peer.ts';
import { Status } from './rpc-error.ts';

/** An answer that is no success, sorted as Fabric's gateway does. */
export interface Failure {
  readonly code: number;
  readonly message: string;
  /** Whether another peer may do better: not when it is the chaincode that refused. */
  readonly retry: boolean;
}

export function failureOf({ response, payload }: PeerAnswer): Failure | undefined {
  const { status, message = '' } = response;
  if (status >= 200 && status < 400) return undefined;
  if (payload === undefined && status === 500) return { code: Status.ABORTED, message, retry: true };
  return { code: Status.UNKNOWN, message: `chaincode response ${status}, ${message}`, retry: false };
}

export const detailOf = ({ address, mspId }: Peer, message: string): ErrorDetail => ({ address, mspId, message });
