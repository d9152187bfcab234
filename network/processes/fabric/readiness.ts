import { ask, fetchConfigBlock, type PeerConnection, PeerRefused } from '../../admin/index.ts';
import { Fault } from '../../ledger/fault.ts';
import { connectLedger } from '../../ledger/ledger.ts';
import { BlockchainInfo } from '../../ledger/messages/index.ts';
import { type ChannelConfig, readChannelConfig } from '../../ledger/verify/channel-config.ts';
import { eventually } from '../program/index.ts';
import { nodeConnection } from './connections.ts';
import { dialled, type FabricMember, type PeerNode } from './nodes.ts';

/** Every contract answers it, and it neither reads nor writes. */
const question = 'org.hyperledger.fabric:GetMetadata';

/** Longest time without a block until a peer that is behind is given up. */
const blockWithinMs = 120_000;

/**
 * Those that the channel still names, by the newest configuration that any of their peers has. Who was removed from a channel gets no more
 * blocks of it, so nothing may wait for its peers.
 */
export async function membersNamed(
  members: readonly FabricMember[],
  channel: string,
  signal: AbortSignal,
): Promise<FabricMember[]> {
  using open = new DisposableStack();
  const configs = await Promise.all(
    connectionsTo(members, open).map(({ node, connection }) =>
      eventually(`${node.name} to tell its channel's members`, () => configAt(connection, channel, signal), { signal }),
    ),
  );
  const [newest] = configs
    .filter((config) => config !== undefined)
    .toSorted(({ blockNumber: one }, { blockNumber: other }) => other - one);
  return members.filter(({ mspId }) => newest?.applicationMsps.has(mspId) === true);
}

/** Nothing where the peer refuses its own admin, as it does once it knows that its organization was removed. */
async function configAt(
  peer: PeerConnection,
  channel: string,
  signal: AbortSignal,
): Promise<ChannelConfig | undefined> {
  try {
    return readChannelConfig(await fetchConfigBlock(peer, channel, { from: 'peer', signal }));
  } catch (error) {
    if (error instanceof Fault && error.message.endsWith('FORBIDDEN')) return undefined;
    throw error;
  }
}

/**
 * Resolves when the members' peers are level: each has the blocks that any of them had when this began. One that has just joined is
 * behind by all of them, however many. @throws Fault where a peer that is behind gets no block for too long
 */
export async function everyPeerHasCaughtUp(
  members: readonly FabricMember[],
  channel: string,
  { signal, withinMs = blockWithinMs }: { readonly signal: AbortSignal; readonly withinMs?: number },
): Promise<void> {
  using open = new DisposableStack();
  const peers = connectionsTo(members, open).map(({ node, connection }) => ({
    name: node.name,
    height: () => heightOf(connection, channel, signal),
  }));
  const within = AbortSignal.any([signal, AbortSignal.timeout(withinMs)]);
  const heights = peers.map(({ name, height }) => eventually(`${name} to tell its height`, height, { signal: within }));
  const newest = Math.max(...(await Promise.all(heights)));
  await Promise.all(peers.map((peer) => caughtUp(peer, newest, { signal, withinMs })));
}

/** Resolves when a peer has so many blocks, however many it lacks. @throws Fault where it gets none for too long */
export async function caughtUp(
  { name, height }: { readonly name: string; readonly height: () => Promise<number> },
  newest: number,
  { signal, withinMs }: { readonly signal: AbortSignal; readonly withinMs: number },
): Promise<void> {
  for (let before = 0; before < newest; ) {
    const further = async () => {
      const now = await height();
      if (now <= before) throw new Fault('unavailable', `it has ${now} of ${newest} blocks`);
      return now;
    };
    const within = AbortSignal.any([signal, AbortSignal.timeout(withinMs)]);
    before = await eventually(`${name} to catch up`, further, { signal: within });
  }
}

/**
 * Resolves when every member's peers endorse: each answers for the chaincode by itself, and reaches it at every other member. Right
 * after a start they know nothing of each other, and would refuse transactions for want of endorsers.
 */
export async function everyPeerKnowsAll(
  members: readonly FabricMember[],
  {
    channel,
    name,
    others = [],
  }: { readonly channel: string; readonly name: string; readonly others?: readonly string[] },
  signal: AbortSignal,
): Promise<void> {
  const mspIds = [...members.map(({ mspId }) => mspId), ...others];
  using open = new DisposableStack();
  await Promise.all(
    connectionsTo(members, open).map(async ({ node, connection }) => {
      await eventually(`${node.name} to endorse for ${name}`, () => endorses(connection, channel, name, signal), {
        signal,
      });
      await reachesAll(node, mspIds, { channel, name }, signal);
    }),
  );
}

function connectionsTo(members: readonly FabricMember[], open: DisposableStack) {
  return members
    .flatMap(({ peers }) => peers)
    .map((node) => {
      const { client, connection } = nodeConnection(node);
      open.defer(() => client.close());
      return { node, connection };
    });
}

async function heightOf(peer: PeerConnection, channel: string, signal: AbortSignal): Promise<number> {
  const content = { channel, chaincode: 'qscc', args: ['GetChainInfo', channel] };
  return BlockchainInfo.decode(await ask(peer, content, 'asking for its height', signal)).height;
}

/** Asks the peer alone: its gateway would let another one of its organization answer. */
async function endorses(peer: PeerConnection, channel: string, chaincode: string, signal: AbortSignal): Promise<void> {
  try {
    await ask(peer, { channel, chaincode, args: [question] }, 'endorsing', signal);
  } catch (error) {
    // The peer's own words; any others are an answer of the chaincode.
    const itself = /make sure the chaincode|error in simulation|channel '[^']*' not found/;
    if (!(error instanceof PeerRefused) || itself.test(error.message)) throw error;
  }
}

async function reachesAll(
  node: PeerNode,
  mspIds: readonly string[],
  { channel, name }: { readonly channel: string; readonly name: string },
  signal: AbortSignal,
): Promise<void> {
  const { mspId, port, identity, admin } = node;
  await using ledger = connectLedger({
    peerAddress: `${dialled(node)}:${port}`,
    tlsRoots: [identity.tlsRoot],
    tlsServerName: 'localhost',
    identity: { mspId, certificate: admin.signer.certificate, privateKey: admin.signer.key },
    channel,
    chaincode: name,
    readRefusal: (text) => new ChaincodeAnswered(text),
  });
  for (const other of mspIds) {
    const ask = () => reaches(ledger, other, signal);
    await eventually(`${node.name} to reach ${name} at ${other}`, ask, { signal });
  }
}

class ChaincodeAnswered extends Error {}

/** Any answer of the chaincode will do, an error too. */
async function reaches(ledger: ReturnType<typeof connectLedger>, mspId: string, signal: AbortSignal): Promise<void> {
  try {
    await ledger.evaluate(question, [], { endorsingOrganizations: [mspId], signal });
  } catch (error) {
    if (!(error instanceof ChaincodeAnswered)) throw error;
  }
}
