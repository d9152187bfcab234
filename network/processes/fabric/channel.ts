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
import { connectLedger } from '../../ledger/ledger.ts';
import { eventually } from '../program/index.ts';
import { type FabricMember, ordererAdminOf, ordererConnectionOf, peerConnectionOf } from './node-programs.ts';

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
}

interface ConnectedMember {
  readonly mspId: string;
  readonly peer: PeerConnection;
  readonly orderer: OrdererConnection;
}

/**
 * Brings running orderers and peers into their channel and puts its chaincodes in force: joined, installed, approved by
 * each organization, committed. What is done already is left; done again, it changes nothing.
 */
export async function formChannel(
  members: readonly FabricMember[],
  { channel, genesisBlock, chaincodes }: FabricChannel,
  signal: AbortSignal,
): Promise<void> {
  await Promise.all(members.map((member) => joinOrderer(ordererAdminOf(member), channel, genesisBlock)));
  using open = new DisposableStack();
  const connected = members.map((member): ConnectedMember => {
    const [peer, orderer] = [peerConnectionOf(member), ordererConnectionOf(member)];
    open.defer(() => peer.client.close());
    open.defer(() => orderer.client.close());
    return { mspId: member.mspId, peer: peer.connection, orderer: orderer.connection };
  });
  await Promise.all(connected.map(({ peer }) => joinPeer(peer, genesisBlock)));
  for (const chaincode of chaincodes) await deploy(connected, chaincode, signal);
}

async function deploy(
  members: readonly ConnectedMember[],
  { definition, chaincodePackage }: FabricChaincode,
  signal: AbortSignal,
): Promise<void> {
  await Promise.all(members.map(({ peer }) => installChaincode(peer, chaincodePackage)));
  const inForce = await committedDefinition(members[0]!.peer, definition.channel, definition.name);
  if (inForce !== undefined && inForce.sequence >= definition.sequence) return;
  // Until Raft has a leader, orderers take nothing.
  const hopeless = (error: unknown) => error instanceof Fault && error.kind === 'misconfigured';
  await Promise.all(
    members.map(({ mspId, peer, orderer }) => {
      const approve = async () => {
        if ((await commitReadiness(peer, definition)).get(mspId)) return;
        await approveChaincode(peer, definition, chaincodePackage.packageId, { orderer, signal });
      };
      return eventually(`the approval of ${definition.name} by ${mspId}`, approve, { signal, hopeless });
    }),
  );
  const everybody = async (peer: PeerConnection) => {
    const readiness = await commitReadiness(peer, definition);
    const missing = members.find(({ mspId }) => !readiness.get(mspId));
    if (missing !== undefined) throw new Fault('unavailable', `${missing.mspId} has not approved yet`);
  };
  for (const { peer } of members) await eventually('everybody to have approved', () => everybody(peer), { signal });
  const peers = members.map(({ peer }) => peer);
  const commit = () => commitChaincode(peers, definition, { orderer: members[0]!.orderer, signal });
  await eventually(`the commit of ${definition.name}`, commit, { signal, hopeless });
}

/**
 * Resolves when every member's peer reaches the chaincode at every member's peer: right after a start they know nothing of
 * each other, and would refuse transactions for want of endorsers.
 */
export async function everyPeerKnowsAll(
  members: readonly FabricMember[],
  { channel, name }: { readonly channel: string; readonly name: string },
  signal: AbortSignal,
): Promise<void> {
  await Promise.all(
    members.map(async ({ mspId, identities, ports }) => {
      const { signer } = identities.admin;
      await using ledger = connectLedger({
        peerAddress: `127.0.0.1:${ports.peer}`,
        tlsRoots: [identities.peer.tlsRoot],
        identity: { mspId, certificate: signer.certificate, privateKey: signer.key },
        channel,
        chaincode: name,
        readRefusal: (text) => new ChaincodeAnswered(text),
      });
      for (const other of members) {
        const ask = () => reaches(ledger, other.mspId, signal);
        await eventually(`${mspId} to reach ${name} at ${other.mspId}`, ask, { signal });
      }
    }),
  );
}

class ChaincodeAnswered extends Error {}

/** Any answer of the chaincode will do, an error too. */
async function reaches(ledger: ReturnType<typeof connectLedger>, mspId: string, signal: AbortSignal): Promise<void> {
  try {
    await ledger.evaluate('org.hyperledger.fabric:GetMetadata', [], { endorsingOrganizations: [mspId], signal });
  } catch (error) {
    if (!(error instanceof ChaincodeAnswered)) throw error;
  }
}
