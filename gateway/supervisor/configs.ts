import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { catalogueDefinition, type MspId } from '@d-cloud/chaincode/domain';
import type { Consortium } from '@d-cloud/network/admin';
import type { FabricBinaries } from '@d-cloud/network/processes/fabric';
import { z } from 'zod';
import { keyStoreSchema } from '../config.ts';
import { mintRecoveryKey } from '../keys/recovery-key.ts';
import { dialled, type NetworkDescription, type OrganizationDescription } from './description.ts';
import { type FoundNetwork, writePrivate } from './found.ts';
import { type Layout, layoutOf } from './layout.ts';
import { dcloudPackage } from './real-ledger.ts';

/**
 * Writes the configuration file of every program. They are derived, so they are written anew at each start; secrets are made once, and what
 * a gateway's key store is under and how old proposals an embedded ledger takes were said by an operator and stay.
 */
export async function writeConfigs(
  directory: string,
  { description, consortium }: FoundNetwork,
  fabric: FabricBinaries['generation'] = '2.5',
): Promise<void> {
  const layout = layoutOf(directory);
  const { channel, organizations } = description;
  if (description.ledger.kind === 'embedded') await writeEmbeddedLedger(directory, description, consortium);
  else await writeChaincodes(directory, description);

  for (const organization of organizations) {
    const { name, mspId, host, listen, ports, peers, storageNodes, computeNodes } = organization;
    const own = layout.ofOrganization(name);
    const tokens = await Promise.all(storageNodes.map(({ id }) => secretIn(join(own.storageNode(id), 'rpc-token'))));
    await secretIn(own.organizationSecret);
    const [address, ...fallbacks] = peers.map(({ port }) => `${dialled(organization)}:${port}`);
    const ledger = {
      address,
      tlsRoot: own.tlsRoot,
      serverName: 'localhost',
      ...(fallbacks.length > 0 && { fallbacks }),
    };
    const recoveryKey = await recoveryKeyOf(name, own);
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
          host: listen,
          publicHost: host,
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
        admin: { ...administration(layout, organization), fabricVersion: fabric === '3' ? '3.1' : fabric },
        recoveryKey,
        keyStore: await keyStoreIn(own.gatewayConfig),
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

/** With what an organization administers the consortium: its admin identity, own peers and orderer, and its authorities. */
function administration(layout: Layout, organization: OrganizationDescription) {
  const { name, peers, orderers } = organization;
  const own = layout.ofOrganization(name);
  const trust = { tlsRoot: own.tlsRoot, serverName: 'localhost' };
  const [orderer] = orderers;
  return {
    identity: { certificate: own.certificate('admin'), key: own.key('admin') },
    tls: { certificate: own.tlsCertificate('admin'), key: own.tlsKey('admin') },
    peers: peers.map(({ port }) => ({ address: `${dialled(organization)}:${port}`, ...trust })),
    ...(orderer && {
      orderer: {
        address: `${dialled(organization)}:${orderer.port}`,
        adminAddress: `127.0.0.1:${orderer.adminPort}`,
        ...trust,
      },
    }),
    organizationDirectory: own.directory,
  };
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
  const service = {
    address: `127.0.0.1:${chaincodePort}`,
    tls: {
      rootCertificates: operator.tlsRoot,
      clientCertificate: operator.tlsCertificate('peer'),
      clientKey: operator.tlsKey('peer'),
      serverName: 'localhost',
    },
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
      organizations: organizations.map(({ name, mspId, peers, orderers: [orderer] }) => {
        const signs = (kind: 'peer' | 'orderer') => ({
          certificate: home(name).certificate(kind),
          key: home(name).key(kind),
        });
        const tls = (kind: 'peer' | 'orderer') => ({
          certificate: home(name).tlsCertificate(kind),
          key: home(name).tlsKey(kind),
        });
        return {
          mspId,
          address: `127.0.0.1:${peers[0]!.port}`,
          ...signs('peer'),
          tls: tls('peer'),
          rootCertificates: home(name).root,
          // What is agreed upon later runs as the same service.
          packages: { [dcloudPackage.label]: service },
          ...(orderer && {
            orderer: {
              address: `127.0.0.1:${orderer.port}`,
              adminAddress: `127.0.0.1:${orderer.adminPort}`,
              ...signs('orderer'),
              tls: { ...tls('orderer'), clientRoots: home(name).tlsRoot },
            },
          }),
        };
      }),
      chaincodes: [
        {
          name: 'dcloud',
          version: '1',
          sequence: 1,
          policy: { channelPolicy: '/Channel/Application/Endorsement' },
          collections: [catalogue],
          ...service,
        },
      ],
      proposalWindowMs: await proposalWindowIn(layout.ledgerConfig),
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

/** A chaincode service for each peer, for that peer's organization alone. */
async function writeChaincodes(directory: string, { organizations }: NetworkDescription): Promise<void> {
  for (const { name, peers } of organizations) {
    const own = layoutOf(directory).ofOrganization(name);
    for (const [at, { chaincode }] of peers.entries()) {
      await writePrivate(
        own.chaincodeConfig(at),
        json({
          ccid: dcloudPackage.packageId,
          address: `127.0.0.1:${chaincode}`,
          tls: { certificate: own.tlsCertificate('chaincode'), key: own.tlsKey('chaincode'), clientRoots: own.tlsRoot },
        }),
      );
    }
  }
}

/** The public half of an organization's recovery key, minted once: where the public half lies, the private one may be gone to its safe. */
async function recoveryKeyOf(
  name: string,
  { recoveryKey, recoveryPublicKey }: { readonly recoveryKey: string; readonly recoveryPublicKey: string },
): Promise<string> {
  const known = await textIn(recoveryPublicKey);
  if (known !== undefined) return known.trim();
  const { file, publicKey } = mintRecoveryKey(name);
  await writePrivate(recoveryKey, file);
  await writePrivate(recoveryPublicKey, `${publicKey}\n`);
  return publicKey;
}

/** What a gateway's configuration says of its key store. A text that says nothing of it leaves the key file to be refused by the gateway, in a sentence. */
async function keyStoreIn(file: string): Promise<unknown> {
  const known = (await textIn(file)) ?? '{}';
  try {
    return z.object({ keyStore: keyStoreSchema.optional() }).parse(JSON.parse(known)).keyStore;
  } catch {
    return undefined;
  }
}

/** The time window for proposals that an embedded ledger's configuration says, whatever it is: a wrong one is refused by the ledger, in a sentence. */
async function proposalWindowIn(file: string): Promise<unknown> {
  const known = (await textIn(file)) ?? '{}';
  try {
    return z.object({ proposalWindowMs: z.unknown().optional() }).parse(JSON.parse(known)).proposalWindowMs;
  } catch {
    return undefined;
  }
}

/** A secret of 32 random bytes in hex in its own file, made when it is not there. */
async function secretIn(file: string): Promise<string> {
  const known = await textIn(file);
  if (known !== undefined) return known.trim();
  const secret = randomBytes(32).toString('hex');
  await writePrivate(file, secret);
  return secret;
}

async function textIn(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}
