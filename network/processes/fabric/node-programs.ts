import { chmod, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { checkFitToStart, listChannels, peerChannels } from '../../admin/index.ts';
import { writeWhole } from '../../admin/private-files.ts';
import { eventually, type NativeProgram } from '../program/index.ts';
import { nodeConnection, ordererAdminOf } from './connections.ts';
import type { FabricBinaries } from './fabric-binaries.ts';
import { type ChaincodeConnection, dialled, loopback, type OrdererNode, type PeerNode } from './nodes.ts';
import { ordererConfig } from './orderer-config.ts';
import { chaincodeDirectoryVariable, peerConfig } from './peer-config.ts';
import { showsCertificate } from './tls-door.ts';

const environment = (directory: string, searchPath = '/usr/bin:/bin') => ({
  FABRIC_CFG_PATH: directory,
  FABRIC_LOGGING_SPEC: 'warning',
  HOME: directory,
  PATH: searchPath,
});

/** Writes `orderer.yaml` (JSON is YAML) and says how the orderer is to run. */
export async function ordererProgram(node: OrdererNode, binaries: FabricBinaries): Promise<NativeProgram> {
  const { name, mspId, directory, identity, listen = loopback, port, adminPort } = node;
  checkFitToStart(identity, 'orderer', new Date());
  const { mspDirectory, tlsDirectory } = identity;
  const dataDirectory = join(directory, 'data');
  const settings = ordererConfig({ mspId, mspDirectory, tlsDirectory, dataDirectory, listen, port, adminPort });
  await writeWhole(join(directory, 'orderer.yaml'), JSON.stringify(settings, undefined, 2), 'public');
  return {
    name,
    command: binaries.orderer,
    args: [],
    argv0: join(directory, 'program'),
    env: environment(directory),
    ports: [port, adminPort],
    listen,
    async ready(signal) {
      const look = async () => {
        await showsCertificate(port, identity, signal, dialled(node));
        await listChannels(ordererAdminOf(node));
      };
      await eventually(`the orderer of ${mspId}`, look, { signal });
    },
  };
}

/** Writes `core.yaml`, the external builder and the chaincode connections, and says how the peer is to run. */
export async function peerProgram(node: PeerNode, binaries: FabricBinaries): Promise<NativeProgram> {
  const { name, mspId, directory, identity, host = loopback, listen = loopback, port, siblings = [] } = node;
  checkFitToStart(identity, 'peer', new Date());
  const { mspDirectory, tlsDirectory } = identity;
  const settings = peerConfig({
    name: name.replace('-', '.'),
    mspId,
    mspDirectory,
    tlsDirectory,
    dataDirectory: join(directory, 'data'),
    builderDirectory: join(directory, 'builder'),
    listen,
    host,
    port,
    siblings,
    generation: binaries.generation,
  });
  await writeWhole(join(directory, 'core.yaml'), JSON.stringify(settings, undefined, 2), 'public');
  await writeBuilder(join(directory, 'builder', 'bin'));
  for (const [label, connection] of node.chaincodes) {
    await writeWhole(join(directory, 'chaincodes', `${label}.json`), connectionJson(connection), 'secret');
  }
  // Fabric keeps what the builder released: without this a service that moved, or has new keys, would never be found.
  await rm(join(directory, 'data', 'externalbuilder', 'builds'), { recursive: true, force: true });
  const searchPath = `${dirname(process.execPath)}:/usr/bin:/bin`;
  return {
    name,
    command: binaries.peer,
    args: ['node', 'start'],
    argv0: join(directory, 'program'),
    env: { ...environment(directory, searchPath), [chaincodeDirectoryVariable]: join(directory, 'chaincodes') },
    ports: [port],
    listen,
    async ready(signal) {
      const { client, connection } = nodeConnection(node);
      try {
        const look = async () => {
          await showsCertificate(port, identity, signal, dialled(node));
          await peerChannels(connection);
        };
        await eventually(`the peer of ${mspId}`, look, { signal });
      } finally {
        client.close();
      }
    },
  };
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
