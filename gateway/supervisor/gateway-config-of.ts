import { readFile } from 'node:fs/promises';
import { type GatewayConfig, readGatewayConfig } from '../config.ts';
import { writeConfigs } from './configs.ts';
import { foundNetwork, writePrivate } from './found.ts';
import { layoutOf } from './layout.ts';
import { generationOf } from './real-ledger.ts';

/** A gateway's configuration; where its directory is lost, written anew from the network's description and certificates, with secrets of its own. Fabric's programs are looked for as a start does. */
export async function gatewayConfigOf(
  directory: string,
  organization: string,
  searchPath: string,
): Promise<GatewayConfig> {
  const known = await gatewayConfigIfThere(directory, organization);
  if (known !== undefined) return known;
  const network = await foundNetwork(directory, new Date());
  await writeConfigs(directory, network, await generationOf(network.description, searchPath));
  const file = layoutOf(directory).ofOrganization(organization).gatewayConfig;
  return readGatewayConfig(await readFile(file, 'utf8'), file);
}

/** A gateway's configuration as it lies there. */
export async function gatewayConfigIfThere(
  directory: string,
  organization: string,
): Promise<GatewayConfig | undefined> {
  const file = layoutOf(directory).ofOrganization(organization).gatewayConfig;
  const known = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  return known === undefined ? undefined : readGatewayConfig(known, file);
}

/** Says in a gateway's configuration what its key file is under; nothing for a plain one. Later starts keep it. */
export async function configureKeyStore(
  directory: string,
  organization: string,
  keyStore: GatewayConfig['keyStore'],
): Promise<void> {
  const file = layoutOf(directory).ofOrganization(organization).gatewayConfig;
  const { keyStore: _before, ...rest } = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
  const config = { ...rest, ...(keyStore === undefined ? {} : { keyStore }) };
  await writePrivate(file, `${JSON.stringify(config, null, 2)}\n`);
}
