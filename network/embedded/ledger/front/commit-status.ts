import { CommitStatusRequest, CommitStatusResponse } from '../wire/gateway.ts';
import type { Call } from './call.ts';
import type { Door } from './door.ts';
import { signedByReader } from './readers.ts';

/** `gateway.Gateway/CommitStatus`: answers once the transaction is in a durable block; waits for ever for unknown ids. */
export async function commitStatus(bytes: Buffer, call: Call, door: Door): Promise<Buffer> {
  const { request, channel } = signedByReader(bytes, CommitStatusRequest, door, 'gateway/CommitStatus');
  const { commits } = channel.ledger;
  const known = commits.get(request.transactionId) ?? (await commits.wait(request.transactionId, call.signal));
  return CommitStatusResponse.encode({ result: known.code, blockNumber: known.blockNumber });
}
