import { randomBytes } from 'node:crypto';
import type { Client } from '@grpc/grpc-js';
import { Fault, type FaultKind } from '../../ledger/fault.ts';
import type { Signatory } from '../../ledger/identity.ts';
import {
  Block,
  BroadcastResponse,
  ChannelHeader,
  DeliverResponse,
  headerTypes,
  Metadata,
  metadataPlaces,
  OrdererBlockMetadata,
  SeekInfo,
  SignatureHeader,
  statusNames,
} from '../../ledger/messages/index.ts';
import { parseBlock } from '../../ledger/verify/block-hash.ts';
import { firstAnswers } from './call.ts';
import { signedEnvelope, timestamp } from './proposal.ts';

/** An orderer, or a peer for its blocks, and the identity that asks. */
export interface OrdererConnection {
  readonly client: Client;
  readonly signatory: Signatory;
  readonly name: string;
  /** SHA-256 of our TLS client certificate where the server asks for one. */
  readonly tlsCertificateHash?: Uint8Array;
}

/** An orderer's status is no promise: SUCCESS was seen with nothing ordered. Only the block counts. */
export async function broadcast(orderer: OrdererConnection, envelope: Uint8Array, signal?: AbortSignal): Promise<void> {
  const during = `sending to the orderer ${orderer.name}`;
  const method = '/orderer.AtomicBroadcast/Broadcast';
  const [answer] = await firstAnswers(orderer.client, method, envelope, during, () => true, signal);
  const { status, info } = BroadcastResponse.decode(answer!);
  if (status === 200) return;
  const kind: FaultKind = status === 503 || status === 500 ? 'unavailable' : 'misconfigured';
  throw new Fault(kind, `${during}: ${statusNames[status] ?? status}: ${info}`);
}

export type BlockPlace = number | 'newest';

/** One block of a channel from an orderer, or from a peer with `from`. */
export async function fetchBlock(
  source: OrdererConnection,
  channel: string,
  place: BlockPlace,
  options: { readonly from?: 'orderer' | 'peer'; readonly signal?: AbortSignal } = {},
): Promise<Uint8Array> {
  const position = place === 'newest' ? { newest: {} } : { specified: { number: place } };
  const envelope = signedEnvelope(source.signatory, {
    header: {
      channelHeader: ChannelHeader.encode({
        type: headerTypes.deliverSeekInfo,
        channelId: channel,
        timestamp: timestamp(new Date()),
        tlsCertHash: source.tlsCertificateHash,
      }),
      signatureHeader: SignatureHeader.encode({ creator: source.signatory.creator, nonce: randomBytes(24) }),
    },
    data: SeekInfo.encode({ start: position, stop: position, behavior: 1 }),
  });
  const during = `reading block ${place} of ${channel} from ${source.name}`;
  const method = options.from === 'peer' ? '/protos.Deliver/Deliver' : '/orderer.AtomicBroadcast/Deliver';
  const [answer] = await firstAnswers(source.client, method, envelope, during, () => true, options.signal);
  const { status, block } = DeliverResponse.decode(answer!);
  if (block !== undefined) return Block.encode(block);
  const kind: FaultKind = status === 403 || status === 400 ? 'misconfigured' : 'unavailable';
  throw new Fault(kind, `${during}: ${statusNames[status] ?? status}`);
}

/** The newest config block of a channel: the one that the newest block's metadata names. */
export async function fetchConfigBlock(
  source: OrdererConnection,
  channel: string,
  options: { readonly from?: 'orderer' | 'peer'; readonly signal?: AbortSignal } = {},
): Promise<Uint8Array> {
  const newest = await fetchBlock(source, channel, 'newest', options);
  return fetchBlock(source, channel, lastConfigOf(newest), options);
}

/** Number of the config block that was in force when a block was cut; a config block names itself. */
export function lastConfigOf(block: Uint8Array): number {
  const { value } = Metadata.decode(parseBlock(block).metadata[metadataPlaces.signatures] ?? new Uint8Array(0));
  return OrdererBlockMetadata.decode(value).lastConfig?.index ?? 0;
}
