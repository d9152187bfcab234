import { readFile } from 'node:fs/promises';
import { type GatewayConfig, readGatewayConfig } from '../config.ts';
import { writeConfigs } from './configs.ts';
import { foundNetwork } from './found.ts';
import { layoutOf } from './layout.ts';

/** A gateway's configuration; where its directory is lost, written anew from the network's description and certificates, with secrets of its own. */
export async function gatewayConfigOf(directory: string, organization: string): Promise<GatewayConfig> {
  const file = layoutOf(directory).ofOrganization(organization).gatewayConfig;
  const known = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (known !== undefined) return readGatewayConfig(known, file);
  await writeConfigs(directory, await foundNetwork(directory, new Date()));
  return readGatewayConfig(await readFile(file, 'utf8'), file);
}
