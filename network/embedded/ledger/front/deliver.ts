import type { LedgerBlock } from '../engine/block.ts';
import type { Ledger } from '../engine/ledger.ts';
import { ChannelHeader, Envelope, Payload, SignatureHeader } from '../wire/envelope.ts';
import { DeliverResponse, DeliverStatus, FAIL_IF_NOT_READY, SeekInfo, type SeekPosition } from '../wire/gateway.ts';
import { blocksFrom } from './blocks.ts';
import type { Call } from './call.ts';
import type { Channel } from './channel.ts';
import { unsatisfied } from './channel.ts';
import type { Door } from './door.ts';
import { READERS } from './readers.ts';
import { RpcError, Status } from './rpc-error.ts';

/** How far the time in a seek request may be off, as in Fabric. */
const TIME_WINDOW_MS = 15 * 60_000;

/** Lays a block out as one of the three Deliver services shows it. */
export type Shape = (block: LedgerBlock, ledger: Ledger) => Buffer;

interface Seek {
  readonly channel: Channel;
  readonly start: number;
  readonly stop: number;
}

/** `protos.Deliver`: each message asks for a run of blocks; the answer ends in a status. */
export function deliver(call: Call, shape: Shape, door: Door): (message: Buffer | undefined) => void {
  return (message) => {
    if (message === undefined) return;
    const seek = readSeek(message, door);
    if (typeof seek === 'number') void refuse(call, seek);
    else serve(call, seek, shape).catch((cause) => call.fail(new RpcError(Status.UNKNOWN, (cause as Error).message)));
  };
}

async function refuse(call: Call, status: number): Promise<void> {
  await call.send(DeliverResponse.encode({ status }));
  call.end();
}

async function serve(call: Call, { channel, start, stop }: Seek, shape: Shape): Promise<void> {
  for await (const block of blocksFrom(channel.ledger, start, stop, call.signal)) {
    await call.send(shape(block, channel.ledger));
  }
  await call.send(DeliverResponse.encode({ status: DeliverStatus.SUCCESS }));
}

function readSeek(message: Buffer, door: Door): Seek | number {
  let read: ReturnType<typeof parts>;
  try {
    read = parts(message);
  } catch {
    return DeliverStatus.BAD_REQUEST;
  }
  const { envelope, header, creator, seek } = read;
  const channel = door.channels.get(header.channelId);
  if (channel === undefined) return DeliverStatus.NOT_FOUND;
  const { ledger } = channel;
  const time = (header.timestamp?.seconds ?? 0) * 1000;
  if (Math.abs(channel.now() - time) > TIME_WINDOW_MS) return DeliverStatus.BAD_REQUEST;
  const signer = ledger.config.identities.signer(creator, envelope.payload, envelope.signature);
  if (signer === undefined || signer.notAfter < channel.now()) return DeliverStatus.FORBIDDEN;
  if (unsatisfied(channel, READERS, signer) !== undefined) return DeliverStatus.FORBIDDEN;
  if (seek.start === undefined || seek.stop === undefined) return DeliverStatus.BAD_REQUEST;
  const start = position(seek.start, ledger.height);
  const last = position(seek.stop, ledger.height);
  if (last < start) return DeliverStatus.BAD_REQUEST;
  const failing = seek.behavior === FAIL_IF_NOT_READY;
  if (start > ledger.height || (failing && start === ledger.height)) return DeliverStatus.NOT_FOUND;
  return { channel, start, stop: failing ? Math.min(last, ledger.height - 1) : last };
}

function parts(message: Buffer) {
  const envelope = Envelope.decode(message);
  const payload = Payload.decode(envelope.payload);
  const header = ChannelHeader.decode(payload.header!.channelHeader);
  const { creator } = SignatureHeader.decode(payload.header!.signatureHeader);
  return { envelope, header, creator, seek: SeekInfo.decode(payload.data) };
}

/** Go's clients ask up to 2^64 - 1, fabric-gateway up to 2^53 - 1: both are past every block. */
function position({ specified, oldest, nextCommit }: SeekPosition, height: number): number {
  if (specified !== undefined) return specified.number;
  if (oldest !== undefined) return 0;
  return nextCommit !== undefined ? height : height - 1;
}
