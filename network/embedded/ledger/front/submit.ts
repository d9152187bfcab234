import { BroadcastStatus, Envelope } from '../wire/envelope.ts';
import { SubmitRequest } from '../wire/gateway.ts';
import type { Door } from './door.ts';
import { order } from './order.ts';
import { RpcError, Status } from './rpc-error.ts';

const NOTHING = Buffer.alloc(0);

/** `gateway.Gateway/Submit`: hands a signed transaction to the orderer, which lets channel writers in only. */
export async function submit(request: Buffer, door: Door): Promise<Buffer> {
  const { preparedTransaction: envelope, channelId } = SubmitRequest.decode(request);
  if (envelope === undefined) throw new RpcError(Status.INVALID_ARGUMENT, 'a prepared transaction is required');
  if (envelope.signature.length === 0)
    throw new RpcError(Status.INVALID_ARGUMENT, 'prepared transaction must be signed');
  const channel = door.channels.get(channelId);
  if (channel === undefined) {
    const why = `failed to get config for channel [${channelId}]: could not get last config for channel ${channelId}`;
    throw new RpcError(Status.FAILED_PRECONDITION, why);
  }
  const { status, info } = order(Envelope.encode(envelope), channel);
  if (status === BroadcastStatus.SUCCESS) return NOTHING;
  const why = `received unsuccessful response from orderer: status=${statusNames.get(status)}, info=${info}`;
  // Whoever is at fault is not to try again; without a leader none of the orderers can.
  if (status < 500) throw new RpcError(Status.ABORTED, why);
  throw new RpcError(Status.UNAVAILABLE, 'no orderers could successfully process transaction');
}

const statusNames = new Map<number, string>(Object.entries(BroadcastStatus).map(([name, status]) => [status, name]));
