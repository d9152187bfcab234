import { ask, type PeerConnection, PeerRefused } from '../../admin/index.ts';
import { Fault } from '../../ledger/fault.ts';
import { connectLedger } from '../../ledger/ledger.ts';
import { BlockchainInfo } from '../../ledger/messages/index.ts';
import { eventually } from '../program/index.ts';
import { nodeConnection } from './connections.ts';
import { dialled, type FabricMember, type PeerNode } from './nodes.ts';

/** Every contract answers it, and it neither reads nor writes. */
const question = 'org.hyperledger.fabric:GetMetadata';

/**
 * Resolves when the members' peers are level: each has the blocks that any of them had when this began. One that has just joined is
 * behind by all of them.
 */
export async function everyPeerHasCaughtUp(
  members: readonly FabricMember[],
  channel: string,
  signal: AbortSignal,
): Promise<void> {
  using open = new DisposableStack();
  const peers = connectionsTo(members, open);
  const heights = peers.map(({ node, connection }) =>
    eventually(`${node.name} to tell its height`, () => heightOf(connection, channel, signal), { signal }),
  );
  const newest = Math.max(...(await Promise.all(heights)));
  await Promise.all(
    peers.map(({ node, connection }) =>
      eventually(`${node.name} to catch up`, () => hasReached(newest, connection, channel, signal), { signal }),
    ),
  );
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

async function hasReached(newest: number, peer: PeerConnection, channel: string, signal: AbortSignal): Promise<void> {
  const height = await heightOf(peer, channel, signal);
  if (height < newest) throw new Fault('unavailable', `it has ${height} of ${newest} blocks`);
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
