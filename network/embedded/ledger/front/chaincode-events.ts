import type { LedgerBlock } from '../engine/block.ts';
import { ChaincodeEventsRequest, ChaincodeEventsResponse, type SeekPosition } from '../wire/gateway.ts';
import { type ChaincodeEvent, Code } from '../wire/proposal.ts';
import { blocksFrom } from './blocks.ts';
import type { Call } from './call.ts';
import type { Door } from './door.ts';
import { signedByReader } from './readers.ts';
import { RpcError, Status } from './rpc-error.ts';

/** `gateway.Gateway/ChaincodeEvents`: one chaincode's events of valid transactions, block by block. */
export async function chaincodeEvents(bytes: Buffer, call: Call, door: Door): Promise<void> {
  const { request, channel } = signedByReader(bytes, ChaincodeEventsRequest, door, 'gateway/ChaincodeEvents');
  const { ledger } = channel;
  const { afterTransactionId, chaincodeId } = request;
  const after = afterTransactionId === '' ? undefined : ledger.commits.get(afterTransactionId);
  const start = after?.blockNumber ?? startOf(request.startPosition, ledger.height);
  let passed = afterTransactionId === '';
  for await (const block of blocksFrom(
    {
      ledger,
      get height() {
        return ledger.height;
      },
    },
    start,
    Number.POSITIVE_INFINITY,
    call.signal,
  )) {
    const events: ChaincodeEvent[] = [];
    for (const event of eventsOf(block)) {
      if (!passed) passed = event.txId === afterTransactionId;
      else if (event.chaincodeId === chaincodeId) events.push(event);
    }
    if (events.length > 0)
      await call.send(ChaincodeEventsResponse.encode({ events, blockNumber: block.header.number }));
  }
}

function startOf(position: SeekPosition | undefined, height: number): number {
  if (position?.specified !== undefined) return position.specified.number;
  if (position === undefined || position.nextCommit !== undefined) return height;
  const kind = position.newest === undefined ? 'Oldest' : 'Newest';
  throw new RpcError(Status.INVALID_ARGUMENT, `invalid start position type: *orderer.SeekPosition_${kind}`);
}

function eventsOf({ transactions, codes }: LedgerBlock): ChaincodeEvent[] {
  return transactions.flatMap(({ endorsed }, i) => (codes[i] === Code.VALID ? (endorsed?.event ?? []) : []));
}
