import type { Door, OrdererDoor } from '../front/door.ts';
import type { GossipParts } from '../front/gossip.ts';
import type { InstalledPackages } from '../lifecycle/installed-packages.ts';
import type { Identities } from '../msp/identities.ts';
import type { ParticipatingOrderer } from '../participation/participation-api.ts';
import type { Channels } from './channels.ts';

export interface PeerDoorParts {
  readonly mspId: string;
  readonly channels: Channels;
  now(): number;
  readonly proposalWindowMs: number | undefined;
  readonly localIdentities: Identities;
  readonly packages: InstalledPackages;
  readonly gossip: GossipParts;
  /** `host:port` of an organization's peer. */
  addressOf(mspId: string): string;
}

/** What an organization's peer shows: the channels it has joined, as they are at each call. */
export function peerDoor(parts: PeerDoorParts): Door {
  const { mspId, channels, now, proposalWindowMs, localIdentities, packages, gossip, addressOf } = parts;
  const seat = (id: string) => channels.get(id)?.peers.find((peer) => peer.mspId === mspId);
  const hasJoined = (id: string): boolean => channels.get(id)?.membership.peers.includes(mspId) === true;
  return {
    mspId,
    now,
    proposalWindowMs,
    localIdentities,
    channels: { get: (id) => (seat(id) === undefined ? undefined : channels.get(id)) },
    localOf: ({ peers }) => {
      const local = peers.find((peer) => peer.mspId === mspId);
      if (local === undefined) throw new Error(`No peer of ${mspId} on this channel.`);
      return local;
    },
    blocksOf: (id) => (hasJoined(id) ? channels.get(id)?.blocksOfPeer(mspId) : undefined),
    joined: () => [...channels].map(({ id }) => id).filter(hasJoined),
    packages,
    gossip,
    neighbours: () => {
      const shared = [...channels].filter(({ id }) => seat(id) !== undefined).flatMap(({ peers }) => peers);
      const known = new Set([mspId, ...shared.map((peer) => peer.mspId)]);
      return [...known].map((each) => ({ mspId: each, address: addressOf(each) }));
    },
    join: (genesisBlock) => channels.joinPeer(mspId, genesisBlock),
  };
}

/** What an organization's orderer shows: the channels whose order it takes part in. */
export function ordererDoor(mspId: string, channels: Channels, now: () => number): OrdererDoor {
  const get = (id: string) => {
    const channel = channels.get(id);
    return channel?.orderedBy(mspId) ? channel : undefined;
  };
  return { mspId, now, channels: { get }, blocksOf: (id) => get(id)?.blocksOfOrderer() };
}

/** What channel participation tells of an organization's orderer, and lets it do. */
export function participatingOrderer(mspId: string, channels: Channels): ParticipatingOrderer {
  return {
    channels: () => [...channels].filter(({ membership }) => membership.orderers.includes(mspId)).map(({ id }) => id),
    participation: (channel) => channels.participation(mspId, channel),
    join: (block) => channels.joinOrderer(mspId, block),
    leave: (channel) => channels.leaveOrderer(mspId, channel),
  };
}
