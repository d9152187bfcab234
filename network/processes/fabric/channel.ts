import {
  approveChaincode,
  type ChaincodeDefinition,
  type ChaincodePackage,
  commitChaincode,
  commitReadiness,
  committedDefinition,
  installChaincode,
  joinOrderer,
  joinPeer,
  type OrdererConnection,
  type PeerConnection,
} from '../../admin/index.ts';
import { Fault } from '../../ledger/fault.ts';
import { eventually } from '../program/index.ts';
import { nodeConnection, ordererAdminOf, type RemotePeer, remotePeerConnection } from './connections.ts';
import type { FabricMember } from './nodes.ts';

/** A chaincode that every member runs as a service: what they agree upon, and the package that names it. */
export interface FabricChaincode {
  readonly definition: ChaincodeDefinition;
  readonly chaincodePackage: ChaincodePackage;
}

export interface FabricChannel {
  readonly channel: string;
  /** Bytes of `common.Block`; names the members' orderer endpoints and anchor peers. */
  readonly genesisBlock: Uint8Array;
  readonly chaincodes: readonly FabricChaincode[];
  /** A peer of each member whose programs run on other machines. */
  readonly others?: readonly RemotePeer[];
}

interface ConnectedMember {
  readonly mspId: string;
  readonly peers: readonly [PeerConnection, ...PeerConnection[]];
  /** An own one; of a member without orderers another's. */
  readonly orderer: OrdererConnection;
}

/**
 * Brings running orderers and peers into their channel and puts its chaincodes in force: joined, installed, approved by
 * each organization, committed. Of organizations on other machines it waits for the approval. What is done already is
 * left; done again, it changes nothing.
 */
export async function formChannel(
  members: readonly FabricMember[],
  { channel, genesisBlock, chaincodes, others = [] }: FabricChannel,
  signal: AbortSignal,
): Promise<void> {
  const ordering = members.flatMap(({ orderers }) => orderers);
  await Promise.all(ordering.map((node) => joinOrderer(ordererAdminOf(node), channel, genesisBlock)));
  using open = new DisposableStack();
  const held = <T extends { readonly client: { close(): void } }>(one: T): T => {
    open.defer(() => one.client.close());
    return one;
  };
  const [anyOrderer] = ordering;
  const connected = members.map(({ mspId, peers: [first, ...more], orderers }): ConnectedMember => {
    const own = orderers[0] ?? anyOrderer;
    if (own === undefined) throw new Fault('misconfigured', `no orderer runs beside the peers of ${mspId}`);
    return {
      mspId,
      peers: [held(nodeConnection(first)).connection, ...more.map((node) => held(nodeConnection(node)).connection)],
      orderer: held(nodeConnection(own)).connection,
    };
  });
  const remote = others.map((peer) => ({
    mspId: peer.mspId,
    peer: held(remotePeerConnection(peer, members[0]!.peers[0].admin)).connection,
  }));
  await Promise.all(connected.flatMap(({ peers }) => peers.map((peer) => joinPeer(peer, genesisBlock))));
  for (const chaincode of chaincodes) await deploy(connected, remote, chaincode, signal);
}

async function deploy(
  members: readonly ConnectedMember[],
  remote: readonly { readonly mspId: string; readonly peer: PeerConnection }[],
  { definition, chaincodePackage }: FabricChaincode,
  signal: AbortSignal,
): Promise<void> {
  await Promise.all(members.flatMap(({ peers }) => peers.map((peer) => installChaincode(peer, chaincodePackage))));
  const isInForce = async () => {
    const inForce = await committedDefinition(members[0]!.peers[0], definition.channel, definition.name);
    return inForce !== undefined && inForce.sequence >= definition.sequence;
  };
  if (await isInForce()) return;
  // Until Raft has a leader, orderers take nothing.
  const hopeless = (error: unknown) => error instanceof Fault && error.kind === 'misconfigured';
  await Promise.all(
    members.map(({ mspId, peers: [peer], orderer }) => {
      const approve = async () => {
        if ((await isInForce()) || (await commitReadiness(peer, definition)).get(mspId)) return;
        await approveChaincode(peer, definition, chaincodePackage.packageId, { orderer, signal });
      };
      return eventually(`the approval of ${definition.name} by ${mspId}`, approve, { signal, hopeless });
    }),
  );
  const own = members.map(({ peers: [peer] }) => peer);
  const everybody = async (peer: PeerConnection) => {
    if (await isInForce()) return;
    const readiness = await commitReadiness(peer, definition);
    const missing = [...members, ...remote].find(({ mspId }) => !readiness.get(mspId));
    if (missing !== undefined) throw new Fault('unavailable', `${missing.mspId} has not approved yet`);
  };
  for (const peer of own) await eventually('everybody to have approved', () => everybody(peer), { signal });
  // One of them commits, wherever it runs; the others see it in their own peers.
  const first = [...members, ...remote].map(({ mspId }) => mspId).sort()[0];
  const [committer] = members.filter(({ mspId }) => mspId === first);
  const commit = async () => {
    if (await isInForce()) return;
    if (committer === undefined) throw new Fault('unavailable', `${first} has not committed it yet`);
    const {
      peers: [peer],
      orderer,
    } = committer;
    const others = [...own.filter((one) => one !== peer), ...remote.map((one) => one.peer)];
    await commitChaincode([peer, ...others], definition, { orderer, signal });
  };
  await eventually(`the commit of ${definition.name}`, commit, {
    signal,
    hopeless: (error) => committer !== undefined && remote.length === 0 && hopeless(error),
  });
}
