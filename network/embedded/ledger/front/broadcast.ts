import type { BroadcastAnswer } from '../engine/admission.ts';
import { BroadcastStatus, Envelope } from '../wire/envelope.ts';
import { BroadcastResponse } from '../wire/ordering.ts';
import type { Call } from './call.ts';
import type { OrdererDoor } from './door.ts';
import { channelIdOf, order } from './order.ts';
import { RpcError, Status } from './rpc-error.ts';

/** `orderer.AtomicBroadcast/Broadcast`: answers each envelope in turn, and ends after the first that it does not take. */
export function broadcast(call: Call, door: OrdererDoor): (message: Buffer | undefined) => void {
  let before: Promise<void> = Promise.resolve();
  return (message) => {
    before = before.then(() => answer(call, message, door)).catch((cause) => call.fail(cause));
  };
}

async function answer(call: Call, message: Buffer | undefined, door: OrdererDoor): Promise<void> {
  if (call.over) return;
  if (message === undefined) {
    call.end();
    return;
  }
  const ordered = orderOne(message, door);
  await call.send(BroadcastResponse.encode(ordered));
  if (ordered.status !== BroadcastStatus.SUCCESS) call.end();
}

function orderOne(message: Buffer, door: OrdererDoor): BroadcastAnswer {
  try {
    Envelope.decode(message);
  } catch (cause) {
    throw new RpcError(Status.INTERNAL, `grpc: error unmarshalling request: ${(cause as Error).message}`);
  }
  const channelId = channelIdOf(message);
  if (typeof channelId !== 'string') return channelId;
  const channel = door.channels.get(channelId);
  if (channel !== undefined) return order(message, channel);
  const info = 'channel creation request not allowed because the orderer system channel is not defined';
  return { status: BroadcastStatus.BAD_REQUEST, info };
}
