import type { LedgerBlock } from '../engine/block.ts';
import type { Ledger } from '../engine/ledger.ts';
import type { Identity } from '../msp/identity.ts';
import { ChannelHeader, Envelope, Payload, SerializedIdentity, SignatureHeader } from '../wire/envelope.ts';
import {
  BEST_EFFORT,
  DeliverResponse,
  DeliverStatus,
  FAIL_IF_NOT_READY,
  SeekInfo,
  type SeekPosition,
} from '../wire/gateway.ts';
import type { BlockSource } from './block-source.ts';
import { blocksFrom } from './blocks.ts';
import type { Call } from './call.ts';
import { RpcError, Status } from './rpc-error.ts';

/** How far the time in a seek request may be off, as in Fabric. */
const TIME_WINDOW_MS = 15 * 60_000;

/** Lays a block out as one of the Deliver services shows it to somebody of an organization (MSP id). */
export type Shape = (block: LedgerBlock, ledger: Ledger, reader: string) => Buffer;

/** Whose blocks are asked for. */
export interface Library {
  now(): number;
  blocksOf(channelId: string): BlockSource | undefined;
}

/** What the access rules of a channel call the blocks that peers deliver. */
type DeliverResource = 'event/Block' | 'event/FilteredBlock';

interface Asked {
  readonly library: Library;
  readonly resource: DeliverResource | undefined;
}

interface Seek {
  readonly source: BlockSource;
  readonly start: number;
  readonly stop: number;
  /** MSP id of who asks. */
  readonly reader: string;
  /** Why the reader may not have another block now, if so. */
  denied(): boolean;
}

/** `protos.Deliver` and `orderer.AtomicBroadcast/Deliver`: each message asks for a run of blocks; the answer ends in a status. */
export function deliver(
  call: Call,
  shape: Shape,
  library: Library,
  resource?: DeliverResource,
): (message: Buffer | undefined) => void {
  let before: Promise<void> = Promise.resolve();
  const next = async (message: Buffer | undefined): Promise<void> => {
    if (call.over) return;
    if (message === undefined) return call.end();
    const seek = readSeek(message, { library, resource }, call);
    return typeof seek === 'number' ? refuse(call, seek) : serve(call, seek, shape);
  };
  return (message) => {
    before = before
      .then(() => next(message))
      .catch((cause) => call.fail(new RpcError(Status.UNKNOWN, (cause as Error).message)));
  };
}

async function refuse(call: Call, status: number): Promise<void> {
  await call.send(DeliverResponse.encode({ status }));
  call.end();
}

async function serve(call: Call, { source, start, stop, reader, denied }: Seek, shape: Shape): Promise<void> {
  for await (const block of blocksFrom(source, start, stop, call.signal)) {
    // Whoever a config block removes does not get that block any more.
    if (denied()) return refuse(call, DeliverStatus.FORBIDDEN);
    await call.send(shape(block, source.ledger, reader));
  }
  await call.send(DeliverResponse.encode({ status: DeliverStatus.SUCCESS }));
}

function readSeek(message: Buffer, { library, resource }: Asked, call: Call): Seek | number {
  let read: ReturnType<typeof parts>;
  try {
    read = parts(message);
  } catch {
    return DeliverStatus.BAD_REQUEST;
  }
  const { envelope, header, creator, data } = read;
  const time = (header.timestamp?.seconds ?? 0) * 1000;
  if (Math.abs(library.now() - time) > TIME_WINDOW_MS) return DeliverStatus.BAD_REQUEST;
  const bound = call.certificateHash;
  if (bound !== undefined && !bound.equals(header.tlsCertHash)) return DeliverStatus.BAD_REQUEST;
  const source = library.blocksOf(header.channelId);
  if (source === undefined) return DeliverStatus.NOT_FOUND;
  const seek = seekOf(data);
  if (seek === undefined) return DeliverStatus.BAD_REQUEST;
  if (source.errored && seek.errorResponse !== BEST_EFFORT) return DeliverStatus.SERVICE_UNAVAILABLE;
  const denied = (): boolean => {
    const signer = source.config.identities.signer(creator, envelope.payload, envelope.signature);
    return signer === undefined || signer.notAfter < library.now() || !mayRead(source, resource, signer);
  };
  if (denied()) return DeliverStatus.FORBIDDEN;
  if (seek.start === undefined || seek.stop === undefined) return DeliverStatus.BAD_REQUEST;
  const { height } = source;
  const start = position(seek.start, height);
  const last = position(seek.stop, height);
  if (last < start) return DeliverStatus.BAD_REQUEST;
  const failing = seek.behavior === FAIL_IF_NOT_READY;
  if (start > height || (failing && start === height)) return DeliverStatus.NOT_FOUND;
  return {
    source,
    start,
    stop: failing ? Math.min(last, height - 1) : last,
    reader: SerializedIdentity.decode(creator).mspId,
    denied: onChange(source, library, denied),
  };
}

/** Asks anew only when the configuration has changed or the reader's certificate may have ended. */
function onChange(source: BlockSource, library: Library, denied: () => boolean): () => boolean {
  let { config } = source;
  let until = library.now() + 1000;
  return () => {
    if (source.config === config && library.now() < until) return false;
    config = source.config;
    until = library.now() + 1000;
    return denied();
  };
}

/** A peer's channel may name another policy for a resource than the one that all readers satisfy. */
function mayRead({ config, readers }: BlockSource, resource: DeliverResource | undefined, signer: Identity): boolean {
  const named = resource === undefined ? undefined : config.aclOf(resource);
  return config.policies.at(named ?? readers).satisfiedBy([signer]);
}

function parts(message: Buffer) {
  const envelope = Envelope.decode(message);
  const payload = Payload.decode(envelope.payload);
  const header = ChannelHeader.decode(payload.header!.channelHeader);
  const { creator } = SignatureHeader.decode(payload.header!.signatureHeader);
  return { envelope, header, creator, data: payload.data };
}

function seekOf(data: Buffer): SeekInfo | undefined {
  try {
    return SeekInfo.decode(data);
  } catch {
    return undefined;
  }
}

/** Go's clients ask up to 2^64 - 1, fabric-gateway up to 2^53 - 1: both are past every block. */
function position({ specified, oldest, nextCommit }: SeekPosition, height: number): number {
  if (specified !== undefined) return specified.number;
  if (oldest !== undefined) return 0;
  return nextCommit !== undefined ? height : height - 1;
}
