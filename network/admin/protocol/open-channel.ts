import { setTimeout as delay } from 'node:timers/promises';
import { Fault } from '../../ledger/fault.ts';
import { readChannelConfig } from '../../ledger/verify/channel-config.ts';
import type { PeerConnection } from './endorser.ts';
import { fetchBlock, type OrdererConnection } from './orderer.ts';
import { channelInfo, joinOrderer, type OrdererAdmin } from './participation.ts';
import { joinPeer } from './peer-channels.ts';

export interface OpenChannelRequest {
  readonly genesisBlock: Uint8Array;
  /** The administration endpoints of the consenters. */
  readonly orderers: readonly OrdererAdmin[];
  /** One orderer's gRPC door: the channel is open when it serves blocks, which needs a leader. */
  readonly watch: OrdererConnection;
  readonly peers: readonly PeerConnection[];
  readonly signal?: AbortSignal;
}

const pollMs = 200;
const patienceMs = 60_000;

/** Lets orderers and peers join a channel and waits until it is served. Run again, it joins who is missing. */
export async function openChannel(request: OpenChannelRequest): Promise<void> {
  const { genesisBlock, orderers, watch, peers, signal } = request;
  const { channel } = readChannelConfig(genesisBlock);
  await Promise.all(orderers.map((orderer) => joinOrderer(orderer, channel, genesisBlock)));
  const end = performance.now() + patienceMs;
  for (const orderer of orderers) {
    while ((await channelInfo(orderer, channel))?.status !== 'active')
      await pause(end, `${orderer.address} to join`, signal);
  }
  while (!(await isServed(watch, channel, signal))) await pause(end, `${channel} to be served`, signal);
  await Promise.all(peers.map((peer) => joinPeer(peer, genesisBlock)));
}

async function pause(end: number, what: string, signal: AbortSignal | undefined): Promise<void> {
  if (performance.now() > end) throw new Fault('timeout', `waited a minute for ${what}`);
  await delay(pollMs, undefined, signal === undefined ? {} : { signal });
}

async function isServed(
  orderer: OrdererConnection,
  channel: string,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  try {
    await fetchBlock(orderer, channel, 'newest', signal === undefined ? {} : { signal });
    return true;
  } catch (error) {
    if (error instanceof Fault && error.kind === 'unavailable') return false;
    throw error;
  }
}
