import type { Channel } from './channel.ts';
import type { Peer } from './peer.ts';

/** One organization's way in: the channels it is on, and its own peer on each. */
export interface Door {
  readonly mspId: string;
  readonly channels: ReadonlyMap<string, Channel>;
  localOf(channel: Channel): Peer;
}

export function doorOf(mspId: string, channels: readonly Channel[]): Door {
  return {
    mspId,
    channels: new Map(channels.map((channel) => [channel.id, channel])),
    localOf: ({ peers }) => {
      const local = peers.find((peer) => peer.mspId === mspId);
      if (local === undefined) throw new Error(`No peer of ${mspId} on this channel.`);
      return local;
    },
  };
}
