import { chmod, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { checkFitToStart, type Identity, keyPem, listChannels, peerChannels } from '../../admin/index.ts';
import { writeWhole } from '../../admin/private-files.ts';
import { openConnection } from '../../ledger/connection.ts';
import { signatory } from '../../ledger/identity.ts';
import { eventually, type NativeProgram } from '../program/index.ts';
import type { FabricBinaries } from './fabric-binaries.ts';
import { ordererConfig } from './orderer-config.ts';
import { chaincodeDirectoryVariable, peerConfig } from './peer-config.ts';
import { showsCertificate } from './tls-door.ts';

/** One organization's part of a Fabric network on this machine. */
export interface FabricMember {
  readonly name: string;
  readonly mspId: string;
  /** Absolute; gets `orderer/` and `peer/` with configuration and data. */
  readonly directory: string;
  readonly identities: { readonly orderer: Identity; readonly peer: Identity; readonly admin: Identity };
  /** Those of `orderer` and `peer` stand in the genesis block. */
  readonly ports: { readonly orderer: number; readonly ordererAdmin: number; readonly peer: number };
  /** How the peer reaches each chaincode service, by package label. */
  readonly chaincodes: ReadonlyMap<string, ChaincodeConnection>;
}

/** A chaincode service as a peer dials it, with mutual TLS. Certificates and key in PEM. */
export interface ChaincodeConnection {
  /** `host:port`; the host stands in the service's certificate. */
  readonly address: string;
  readonly rootCertificate: string;
  readonly clientCertificate: string;
  readonly clientKey: string;
}

const environment = (directory: string, searchPath = '/usr/bin:/bin') => ({
  FABRIC_CFG_PATH: directory,
  FABRIC_LOGGING_SPEC: 'warning',
  HOME: directory,
  PATH: searchPath,
});

/** Writes `orderer.yaml` (JSON is YAML) and says how the organization's orderer is to run. */
export async function ordererProgram(
  { name, mspId, directory, identities, ports }: FabricMember,
  binaries: FabricBinaries,
): Promise<NativeProgram> {
  checkFitToStart(identities.orderer, 'orderer', new Date());
  const { mspDirectory, tlsDirectory } = identities.orderer;
  const home = join(directory, 'orderer');
  const { orderer: port, ordererAdmin: adminPort } = ports;
  const dataDirectory = join(home, 'data');
  const settings = ordererConfig({ mspId, mspDirectory, tlsDirectory, dataDirectory, port, adminPort });
  await writeWhole(join(home, 'orderer.yaml'), JSON.stringify(settings, undefined, 2), 'public');
  return {
    name: `orderer-${name}`,
    command: binaries.orderer,
    args: [],
    argv0: join(home, 'program'),
    env: environment(home),
    ports: [port, adminPort],
    async ready(signal) {
      const look = async () => {
        await showsCertificate(port, identities.orderer, signal);
        await listChannels(ordererAdminOf({ identities, ports }));
      };
      await eventually(`the orderer of ${mspId}`, look, { signal });
    },
  };
}

/** Writes `core.yaml`, the external builder and the chaincode connections, and says how the organization's peer is to run. */
export async function peerProgram(member: FabricMember, binaries: FabricBinaries): Promise<NativeProgram> {
  const { name, mspId, directory, identities, ports, chaincodes } = member;
  checkFitToStart(identities.peer, 'peer', new Date());
  const { mspDirectory, tlsDirectory } = identities.peer;
  const home = join(directory, 'peer');
  const settings = peerConfig({
    name: `peer.${name}`,
    mspId,
    mspDirectory,
    tlsDirectory,
    dataDirectory: join(home, 'data'),
    builderDirectory: join(home, 'builder'),
    port: ports.peer,
    generation: binaries.generation,
  });
  await writeWhole(join(home, 'core.yaml'), JSON.stringify(settings, undefined, 2), 'public');
  await writeBuilder(join(home, 'builder', 'bin'));
  for (const [label, connection] of chaincodes) {
    await writeWhole(join(home, 'chaincodes', `${label}.json`), connectionJson(connection), 'secret');
  }
  // Fabric keeps what the builder released: without this a service that moved, or has new keys, would never be found.
  await rm(join(home, 'data', 'externalbuilder', 'builds'), { recursive: true, force: true });
  const searchPath = `${dirname(process.execPath)}:/usr/bin:/bin`;
  return {
    name: `peer-${name}`,
    command: binaries.peer,
    args: ['node', 'start'],
    argv0: join(home, 'program'),
    env: { ...environment(home, searchPath), [chaincodeDirectoryVariable]: join(home, 'chaincodes') },
    ports: [ports.peer],
    async ready(signal) {
      const { client, connection } = peerConnectionOf(member);
      try {
        const look = async () => {
          await showsCertificate(ports.peer, identities.peer, signal);
          await peerChannels(connection);
        };
        await eventually(`the peer of ${mspId}`, look, { signal });
      } finally {
        client.close();
      }
    },
  };
}

/** The administration endpoint of the member's orderer, opened with its admin's certificate. */
export function ordererAdminOf({ identities, ports }: Pick<FabricMember, 'identities' | 'ports'>) {
  return {
    address: `127.0.0.1:${ports.ordererAdmin}`,
    tlsServerName: 'localhost',
    tlsRoots: [identities.orderer.tlsRoot],
    certificate: identities.admin.tls.certificate,
    key: keyPem(identities.admin.tls.key),
  };
}

function signatoryOf({ mspId, signer }: Identity) {
  return signatory({ mspId, certificate: signer.certificate, privateKey: signer.key });
}

/** A gRPC client to the member's peer, and the same as administration wants it. */
export function peerConnectionOf({ mspId, identities, ports }: FabricMember) {
  const client = openConnection({ address: `127.0.0.1:${ports.peer}`, tlsRoots: [identities.peer.tlsRoot] });
  return { client, connection: { client, signatory: signatoryOf(identities.admin), name: `the peer of ${mspId}` } };
}

/** A gRPC client to the member's orderer, and the same as administration wants it. */
export function ordererConnectionOf({ mspId, identities, ports }: FabricMember) {
  const client = openConnection({ address: `127.0.0.1:${ports.orderer}`, tlsRoots: [identities.orderer.tlsRoot] });
  return { client, connection: { client, signatory: signatoryOf(identities.admin), name: `the orderer of ${mspId}` } };
}

/** Fabric executes `bin/detect`, `bin/build` and `bin/release`: Node programs of two lines that call ours. */
async function writeBuilder(directory: string): Promise<void> {
  const ours = new URL('./builder.js', import.meta.url).href;
  for (const step of ['detect', 'build', 'release']) {
    const path = join(directory, step);
    const program = `#!/usr/bin/env node\nimport { ${step} } from ${JSON.stringify(ours)};\nprocess.exitCode = ${step}(...process.argv.slice(2));\n`;
    await writeWhole(path, program, 'public');
    await chmod(path, 0o755);
  }
}

function connectionJson(connection: ChaincodeConnection): string {
  return JSON.stringify({
    address: connection.address,
    dial_timeout: '10s',
    tls_required: true,
    client_auth_required: true,
    root_cert: connection.rootCertificate,
    client_cert: connection.clientCertificate,
    client_key: connection.clientKey,
  });
}
