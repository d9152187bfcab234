import { LIFECYCLE } from '../engine/definitions.ts';
import { sha256 } from '../msp/signature.ts';
import type { BlockSigner } from '../msp/signer.ts';
import { GossipMessage, GossipTag, type Peer as WirePeer } from '../wire/discovery.ts';
import { SerializedIdentity } from '../wire/envelope.ts';
import type { Channel } from './channel.ts';
import type { Peer } from './peer.ts';

/** What a peer says of itself, as others would have heard it by gossip: in service discovery nothing else describes a peer. */
export interface GossipParts {
  /** Signs as an organization's peer. */
  signerOf(mspId: string): BlockSigner;
  /** Milliseconds since 1970, when this process began: gossip tells a peer's lives apart by it. */
  readonly since: number;
  now(): number;
}

/** A peer that is there, under the address at which it is reached. */
export function alivePeer({ address, mspId }: Pick<Peer, 'address' | 'mspId'>, parts: GossipParts): WirePeer {
  const signer = parts.signerOf(mspId);
  const membership = { endpoint: address, pkiId: pkiIdOf(signer.identity) };
  const message = { tag: GossipTag.EMPTY, alive: { membership, timestamp: timeOf(parts), identity: signer.identity } };
  const membershipInfo = signedBy(signer, GossipMessage.encode(message));
  return { identity: signer.identity, membershipInfo, stateInfo: undefined };
}

/** The same with what it says of a channel: how many blocks it has and which chaincodes it runs. */
export function channelPeer(peer: Peer, { id, ledger }: Channel, parts: GossipParts): WirePeer {
  const signer = parts.signerOf(peer.mspId);
  const pkiId = pkiIdOf(signer.identity);
  const stateInfo = {
    pkiId,
    timestamp: timeOf(parts),
    channelMac: sha256(pkiId, Buffer.from(id)),
    properties: { ledgerHeight: ledger.height, chaincodes: chaincodesOf(peer, ledger.definitions) },
  };
  const message = { tag: GossipTag.CHANNEL_OR_ORGANIZATION, stateInfo };
  return { ...alivePeer(peer, parts), stateInfo: signedBy(signer, GossipMessage.encode(message)) };
}

/** Every peer also runs the lifecycle itself, so that clients find endorsers for it. */
function chaincodesOf(peer: Peer, definitions: Channel['ledger']['definitions']) {
  const installed = [...definitions.all()].filter(({ name }) => peer.has(name));
  return [...installed.map(({ name, version }) => ({ name, version })), { name: LIFECYCLE, version: '1' }];
}

const timeOf = ({ since, now }: GossipParts) => ({ incarnation: since, sequence: Math.max(1, now() - since) });

/** How gossip names a peer: the hash of its MSP id and certificate. */
function pkiIdOf(identity: Buffer): Buffer {
  const { mspId, certificate } = SerializedIdentity.decode(identity);
  return sha256(Buffer.from(mspId), certificate);
}

const signedBy = (signer: BlockSigner, payload: Buffer) => ({ payload, signature: signer.sign(payload) });
