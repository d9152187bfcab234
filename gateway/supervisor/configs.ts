import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { catalogueDefinition, type MspId } from '@d-cloud/chaincode/domain';
import type { Consortium } from '@d-cloud/network/admin';
import type { NetworkDescription } from './description.ts';
import { type FoundNetwork, writePrivate } from './found.ts';
import { layoutOf } from './layout.ts';
import { dcloudPackage } from './real-ledger.ts';

/** Writes the configuration file of every program. They are derived, so they are written anew at each start; secrets are made once. */
export async function writeConfigs(directory: string, { description, consortium }: FoundNetwork): Promise<void> {
  const layout = layoutOf(directory);
  const { channel, organizations } = description;
  const homes = new Map(organizations.map(({ name }) => [name, layout.ofOrganization(name)]));
  const home = (name: string) => homes.get(name)!;
  if (description.ledger.kind === 'embedded') await writeEmbeddedLedger(directory, description, consortium);
  else await writeChaincodes(directory, description);

  for (const { name, mspId, ports, fabricPorts, storageNodes, computeNodes } of organizations) {
    const own = home(name);
    const tokens = await Promise.all(storageNodes.map(({ id }) => secretIn(join(own.storageNode(id), 'rpc-token'))));
    await secretIn(own.organizationSecret);
    const ledger = { address: `127.0.0.1:${ports.ledger}`, tlsRoot: own.tlsRoot, serverName: 'localhost' };
    await writePrivate(
      own.storageConfig,
      json({
        capacityBytes: Number(storageNodes[0]?.capacityBytes ?? 2 ** 36),
        nodes: storageNodes.map(({ id, port }, at) => ({
          id,
          directory: join(own.storageNode(id), 'blocks'),
          port,
          token: tokens[at],
        })),
      }),
    );
    const roles = ['gateway', 'data-team', 'compliance', 'admin', 'operator', 'model-owner'];
    await writePrivate(
      own.gatewayConfig,
      json({
        organization: { name, mspId },
        channel,
        chaincode: 'dcloud',
        data: own.gateway,
        rest: { port: ports.rest },
        peer: {
          port: ports.peerListener,
          tls: { certificate: own.tlsCertificate('gateway'), key: own.tlsKey('gateway') },
        },
        ledger: {
          ...ledger,
          identities: Object.fromEntries(
            roles.map((role) => [role, { certificate: own.certificate(role), key: own.key(role) }]),
          ),
        },
        storageNodes: storageNodes.map(({ id, port, disk, capacityBytes }) => ({
          id,
          address: `http://127.0.0.1:${port}`,
          token: join(own.storageNode(id), 'rpc-token'),
          disk,
          capacityBytes,
        })),
        organizationSecret: own.organizationSecret,
        admin: {
          identity: { certificate: own.certificate('admin'), key: own.key('admin') },
          tls: { certificate: own.tlsCertificate('admin'), key: own.tlsKey('admin') },
          peers: [ledger],
          ...(fabricPorts && {
            orderer: {
              address: `127.0.0.1:${fabricPorts.orderer}`,
              adminAddress: `127.0.0.1:${fabricPorts.ordererAdmin}`,
              tlsRoot: own.tlsRoot,
              serverName: ledger.serverName,
            },
          }),
          organizationDirectory: own.directory,
        },
      }),
    );
    for (const { id } of computeNodes) {
      await writePrivate(
        own.computeConfig(id),
        json({
          id,
          organization: { name, mspId },
          channel,
          chaincode: 'dcloud',
          data: join(own.computeNode(id), 'data'),
          ledger,
          identity: { certificate: own.certificate(id), key: own.key(id) },
          tls: { certificate: own.tlsCertificate(id), key: own.tlsKey(id) },
        }),
      );
    }
  }
}

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

/** One program that is every peer and the orderer, and one chaincode service for it. */
async function writeEmbeddedLedger(
  directory: string,
  { channel, chaincodePort, organizations }: NetworkDescription,
  consortium: Consortium,
): Promise<void> {
  const layout = layoutOf(directory);
  const home = (name: string) => layout.ofOrganization(name);
  const operator = home(organizations.at(-1)!.name);

  const {
    name: collection,
    policy,
    memberOnlyRead,
    memberOnlyWrite,
  } = catalogueDefinition(organizations.map(({ mspId }) => mspId as MspId));
  const catalogue = {
    name: collection,
    policy,
    memberOnlyRead,
    memberOnlyWrite,
    endorsementPolicy: { channelPolicy: '/Channel/Application/Endorsement' },
  };
  await writePrivate(
    layout.ledgerConfig,
    json({
      channel,
      dataDirectory: join(layout.ledger, 'data'),
      genesisBlock: consortium.genesisBlockPath,
      orderer: {
        mspId: organizations.at(-1)!.mspId,
        certificate: operator.certificate('orderer'),
        key: operator.key('orderer'),
      },
      organizations: organizations.map(({ name, mspId, ports }) => ({
        mspId,
        address: `127.0.0.1:${ports.ledger}`,
        certificate: home(name).certificate('peer'),
        key: home(name).key('peer'),
        tls: { certificate: home(name).tlsCertificate('peer'), key: home(name).tlsKey('peer') },
      })),
      chaincodes: [
        {
          name: 'dcloud',
          version: '1',
          sequence: 1,
          policy: { channelPolicy: '/Channel/Application/Endorsement' },
          collections: [catalogue],
          address: `127.0.0.1:${chaincodePort}`,
          tls: {
            rootCertificates: operator.tlsRoot,
            clientCertificate: operator.tlsCertificate('peer'),
            clientKey: operator.tlsKey('peer'),
            serverName: 'localhost',
          },
        },
      ],
    }),
  );
  await writePrivate(
    layout.chaincodeConfig,
    json({
      ccid: 'dcloud:1',
      address: `127.0.0.1:${chaincodePort}`,
      tls: {
        certificate: operator.tlsCertificate('chaincode'),
        key: operator.tlsKey('chaincode'),
        // The embedded ledger dials for every peer, as the operator's.
        clientRoots: operator.tlsRoot,
      },
    }),
  );
}

/** Each organization's own chaincode service, for its own peer alone. */
async function writeChaincodes(directory: string, { organizations }: NetworkDescription): Promise<void> {
  for (const { name, fabricPorts } of organizations) {
    const own = layoutOf(directory).ofOrganization(name);
    await writePrivate(
      own.chaincodeConfig,
      json({
        ccid: dcloudPackage.packageId,
        address: `127.0.0.1:${fabricPorts?.chaincode}`,
        tls: { certificate: own.tlsCertificate('chaincode'), key: own.tlsKey('chaincode'), clientRoots: own.tlsRoot },
      }),
    );
  }
}

/** A secret of 32 random bytes in hex in its own file, made when it is not there. */
async function secretIn(file: string): Promise<string> {
  const known = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (known !== undefined) return known.trim();
  const secret = randomBytes(32).toString('hex');
  await writePrivate(file, secret);
  return secret;
}
