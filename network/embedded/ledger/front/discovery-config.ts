import { type ConfigGroup, FabricMspConfig, MspConfig } from '../wire/config.ts';
import type { QueryResult } from '../wire/discovery.ts';
import { OrdererAddresses } from '../wire/ordering.ts';
import type { Channel } from './channel.ts';

type ConfigResult = NonNullable<Parameters<typeof QueryResult.encode>[0]['configResult']>;

/** Every organization's MSP as the configuration in force holds it, and where its orderers are reached. */
export function discoveredConfig({ ledger }: Channel): ConfigResult {
  const { Application, Orderer } = ledger.config.group.groups ?? {};
  const msps: Record<string, Buffer> = {};
  const orderers: Record<string, { endpoint: { host: string; port: number }[] }> = {};
  for (const section of [Application, Orderer]) {
    for (const { values } of Object.values(section?.groups ?? {})) {
      const msp = mspOf(values);
      if (msp === undefined) continue;
      msps[msp.mspId] = msp.bytes;
      if (section !== Orderer) continue;
      const { addresses } = OrdererAddresses.decode(values?.Endpoints?.value ?? Buffer.alloc(0));
      orderers[msp.mspId] = { endpoint: addresses.flatMap(endpointOf) };
    }
  }
  return { msps, orderers };
}

function mspOf(values: ConfigGroup['values']): { mspId: string; bytes: Buffer } | undefined {
  if (values?.MSP === undefined) return undefined;
  const { config } = MspConfig.decode(values.MSP.value);
  return { mspId: FabricMspConfig.decode(config).name, bytes: config };
}

/** Addresses that are none are left out, as Fabric leaves them out. */
function endpointOf(address: string): { host: string; port: number }[] {
  const at = address.lastIndexOf(':');
  const port = Number(address.slice(at + 1));
  return at < 1 || !Number.isInteger(port) ? [] : [{ host: address.slice(0, at), port }];
}
