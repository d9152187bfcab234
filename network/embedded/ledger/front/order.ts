import type { BroadcastAnswer } from '../engine/admission.ts';
import { BroadcastStatus, ChannelHeader, Envelope, Payload } from '../wire/envelope.ts';
import type { Channel } from './channel.ts';

const badRequest = (info: string): BroadcastAnswer => ({ status: BroadcastStatus.BAD_REQUEST, info });

/** Hands an envelope to the channel's orderer. SUCCESS is no promise that it commits. */
export function order(envelope: Buffer, { ledger, leaderless }: Channel): BroadcastAnswer {
  if (leaderless) return { status: BroadcastStatus.SERVICE_UNAVAILABLE, info: 'no Raft leader' };
  return ledger.broadcast(envelope);
}

/** Which channel an envelope is for, by its header; or what an orderer says of an envelope that tells none. */
export function channelIdOf(bytes: Buffer): string | BroadcastAnswer {
  const unknown = (why: string): BroadcastAnswer => badRequest(`could not determine channel ID: ${why}`);
  let header: Payload['header'];
  try {
    header = Payload.decode(Envelope.decode(bytes).payload).header;
  } catch (cause) {
    return unknown(`error unmarshalling Payload: ${(cause as Error).message}`);
  }
  if (header === undefined) return unknown('header not set');
  if (header.channelHeader.length === 0) return unknown('channel header not set');
  try {
    return ChannelHeader.decode(header.channelHeader).channelId;
  } catch (cause) {
    return unknown(
      `error unmarshalling channel header: error unmarshalling ChannelHeader: ${(cause as Error).message}`,
    );
  }
}
