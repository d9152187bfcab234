import { readFile } from 'node:fs/promises';
import { catalogueDefinition, type MspId } from '@d-cloud/chaincode/domain';
import { nodeName, packageChaincode } from '@d-cloud/network/admin';
import { Fault } from '@d-cloud/network/ledger';
import {
  everyPeerHasCaughtUp,
  everyPeerKnowsAll,
  type FabricBinaries,
  type FabricChaincode,
  type FabricMember,
  findFabric,
  formChannel,
  joinChannel,
  membersNamed,
  ordererProgram,
  type PeerNode,
  peerProgram,
} from '@d-cloud/network/processes/fabric';
import type { NativeProgram } from '@d-cloud/network/processes/program';
import { membersOf, type NetworkDescription, programName } from './description.ts';
import { configBlockIn, type FoundNetwork } from './found.ts';
import { layoutOf } from './layout.ts';

/** The chaincode `dcloud` as every organization's peer knows it: one package without address or key in it, so one id. */
export const dcloudPackage = packageChaincode('dcloud_1');

/** Fabric's programs of a network, and what has to be done between their start and that of the gateways. */
export type RealLedger = {
  readonly programs: readonly NativeProgram[];
  /** Joins orderers and peers to the channel and puts the chaincode in force. */
  readonly form: () => Promise<void>;
  /**
   * Resolves when each peer has caught up, answers for the chaincode, and reaches it at every other one of this machine. Gives the MSP ids of
   * those here that the channel still names; nothing is waited for at the others.
   */
  readonly known: () => Promise<ReadonlySet<string>>;
};

const formedWithinMs = 120_000;
/** Machines of other organizations are started by other people. */
const othersWithinMs = 24 * 60 * 60_000;

/** Writes the configuration of every orderer and peer. @throws Fault when Fabric's programs are not there, or too old for the channel */
export async function realLedger(
  directory: string,
  network: FoundNetwork,
  { searchPath, signal }: { readonly searchPath: string; readonly signal: AbortSignal },
): Promise<RealLedger> {
  const { description, consortium, others } = network;
  const binaries = await fabricOf(description, searchPath);
  const members = await Promise.all(description.organizations.map((_, at) => memberOf(directory, network, at)));
  const programs = await Promise.all(
    members.flatMap(({ orderers, peers }) => [
      ...orderers.map((node) => ordererProgram(node, binaries)),
      ...peers.map((node) => peerProgram(node, binaries)),
    ]),
  );
  const { channel } = description;
  const chaincode = dcloud(network);
  const elsewhere = others.map(({ mspId, peers, roots }) => ({
    mspId,
    address: peers[0]!,
    tlsRoot: roots.tlsRootCertificate,
  }));
  const within = (ms: number) => AbortSignal.any([signal, AbortSignal.timeout(ms)]);
  return {
    programs,
    form: async () =>
      description.joins === true
        ? await joinRunning(directory, network, members[0]!, within(formedWithinMs))
        : await formChannel(
            members,
            { channel, genesisBlock: consortium.genesisBlock, chaincodes: [chaincode], others: elsewhere },
            within(others.length === 0 ? formedWithinMs : othersWithinMs),
          ),
    known: async () => {
      const named = await membersNamed(members, channel, within(formedWithinMs));
      await everyPeerHasCaughtUp(named, channel, { signal });
      await everyPeerKnowsAll(named, chaincode.definition, within(formedWithinMs));
      return new Set(named.map(({ mspId }) => mspId));
    },
  };
}

/** Brings the one member here into the channel that took it in. */
async function joinRunning(
  directory: string,
  { description, consortium }: FoundNetwork,
  member: FabricMember,
  signal: AbortSignal,
): Promise<void> {
  const configBlock = await configBlockIn(directory, description.channel);
  const admin = consortium.members[0]!.identities.get('admin')!;
  const door = { configBlock, mspId: member.mspId, admin, genesisBlock: consortium.genesisBlock };
  await joinChannel(member, door, { name: 'dcloud', chaincodePackage: dcloudPackage }, signal);
}

/** Fabric's programs for a network. @throws Fault when they are not there, or of a version that does not know its consensus */
export async function fabricOf({ ledger, settings }: NetworkDescription, searchPath: string): Promise<FabricBinaries> {
  const { binaries: directory } = ledger;
  const binaries = await findFabric({ searchPath, ...(directory === undefined ? {} : { directory }) });
  if (settings.consensus !== 'bft' || binaries.generation === '3') return binaries;
  throw new Fault(
    'misconfigured',
    `The channel's consensus is bft, which Fabric knows from 3.1 on, and ${binaries.orderer} is ${binaries.version}: name a directory with 3.1 in "binaries", or take "raft".`,
  );
}

/** Which generation of Fabric a network speaks; the embedded ledger speaks 2.5. */
export async function generationOf(
  description: NetworkDescription,
  searchPath: string,
): Promise<FabricBinaries['generation']> {
  return description.ledger.kind === 'fabric' ? (await fabricOf(description, searchPath)).generation : '2.5';
}

async function memberOf(directory: string, { description, consortium }: FoundNetwork, at: number) {
  const organization = description.organizations[at]!;
  const { name, mspId, host, listen } = organization;
  const home = layoutOf(directory).ofOrganization(name);
  const identity = (of: string) => consortium.members[at]!.identities.get(of)!;
  const node = (kind: 'orderer' | 'peer', place: number, of: number) => {
    const own = nodeName(kind, place);
    const directory = home.fabricNode(own);
    const program = programName(kind, name, place, of);
    return { name: program, mspId, directory, identity: identity(own), admin: identity('admin'), host, listen };
  };
  const addresses = organization.peers.map(({ port }) => `${host}:${port}`);
  const peers = organization.peers.map(async ({ port, chaincode }, place): Promise<PeerNode> => {
    const { tls, tlsRoot } = identity(nodeName('peer', place));
    const connection = {
      address: `127.0.0.1:${chaincode}`,
      rootCertificate: tlsRoot,
      clientCertificate: tls.certificate,
      clientKey: await readFile(home.tlsKey(nodeName('peer', place)), 'utf8'),
    };
    return {
      ...node('peer', place, addresses.length),
      port,
      siblings: addresses.filter((_, other) => other !== place),
      chaincodes: new Map([[dcloudPackage.label, connection]]),
    };
  });
  const [first, ...more] = await Promise.all(peers);
  const member: FabricMember = {
    mspId,
    peers: [first!, ...more],
    orderers: organization.orderers.map(({ port, adminPort }, place) => ({
      ...node('orderer', place, organization.orderers.length),
      port,
      adminPort,
    })),
  };
  return member;
}

function dcloud({ description }: FoundNetwork): FabricChaincode {
  const mspIds = membersOf(description).map(({ mspId }) => mspId as MspId);
  const { name, requiredPeerCount, maxPeerCount, blockToLive, memberOnlyRead, memberOnlyWrite } =
    catalogueDefinition(mspIds);
  const catalogue = { name, requiredPeerCount, blockToLive, memberOnlyRead, memberOnlyWrite };
  return {
    definition: {
      channel: description.channel,
      name: 'dcloud',
      version: '1',
      sequence: 1,
      collections: [{ ...catalogue, members: mspIds, maximumPeerCount: maxPeerCount }],
    },
    chaincodePackage: dcloudPackage,
  };
}
