import { readFile } from 'node:fs/promises';
import { catalogueDefinition, type MspId } from '@d-cloud/chaincode/domain';
import { packageChaincode } from '@d-cloud/network/admin';
import {
  everyPeerKnowsAll,
  type FabricChaincode,
  type FabricMember,
  findFabric,
  formChannel,
  ordererProgram,
  peerProgram,
} from '@d-cloud/network/processes/fabric';
import type { NativeProgram } from '@d-cloud/network/processes/program';
import type { FoundNetwork } from './found.ts';
import { layoutOf } from './layout.ts';

/** The chaincode `dcloud` as every organization's peer knows it: one package without address or key in it, so one id. */
export const dcloudPackage = packageChaincode('dcloud_1');

/** Fabric's programs of a network, and what has to be done between their start and that of the gateways. */
export type RealLedger = {
  readonly programs: readonly NativeProgram[];
  /** Joins orderers and peers to the channel and puts the chaincode in force. */
  readonly form: () => Promise<void>;
  /** Resolves when each peer reaches the chaincode at every other one. */
  readonly known: () => Promise<void>;
};

const formedWithinMs = 120_000;

/** Writes the configuration of an orderer and a peer per organization. @throws Fault when Fabric's programs are not there */
export async function realLedger(directory: string, network: FoundNetwork, searchPath: string): Promise<RealLedger> {
  const { description, consortium } = network;
  const { binaries: place } = description.ledger;
  const binaries = await findFabric({ searchPath, ...(place === undefined ? {} : { directory: place }) });
  const members = await Promise.all(description.organizations.map((_, at) => memberOf(directory, network, at)));
  const programs = await Promise.all(
    members.flatMap((member) => [ordererProgram(member, binaries), peerProgram(member, binaries)]),
  );
  const { channel } = description;
  const chaincode = dcloud(network);
  return {
    programs,
    form: () =>
      formChannel(
        members,
        { channel, genesisBlock: consortium.genesisBlock, chaincodes: [chaincode] },
        AbortSignal.timeout(formedWithinMs),
      ),
    known: () => everyPeerKnowsAll(members, chaincode.definition, AbortSignal.timeout(formedWithinMs)),
  };
}

async function memberOf(directory: string, { description, consortium }: FoundNetwork, at: number) {
  const { name, mspId, ports, fabricPorts } = description.organizations[at]!;
  if (fabricPorts === undefined) throw new Error(`network.json gives ${name} no ports for an orderer`);
  const home = layoutOf(directory).ofOrganization(name);
  const identity = (of: string) => consortium.members[at]!.identities.get(of)!;
  const peer = identity('peer');
  const member: FabricMember = {
    name,
    mspId,
    directory: home.fabric,
    identities: { orderer: identity('orderer'), peer, admin: identity('admin') },
    ports: { orderer: fabricPorts.orderer, ordererAdmin: fabricPorts.ordererAdmin, peer: ports.ledger },
    chaincodes: new Map([
      [
        dcloudPackage.label,
        {
          address: `127.0.0.1:${fabricPorts.chaincode}`,
          rootCertificate: peer.tlsRoot,
          clientCertificate: peer.tls.certificate,
          clientKey: await readFile(home.tlsKey('peer'), 'utf8'),
        },
      ],
    ]),
  };
  return member;
}

function dcloud({ description }: FoundNetwork): FabricChaincode {
  const mspIds = description.organizations.map(({ mspId }) => mspId as MspId);
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
