import type { Ledger } from '@d-cloud/network/ledger';
import { configurationsToStartWith } from '@d-cloud/network/peers';
import type { GatewayConfig } from '../config.ts';
import { openFabricLedger, type Projected } from '../fabric-ledger.ts';
import type { GatewayLedger } from '../ledger.ts';
import type { ProjectionPowers } from '../projection/index.ts';
import { readChannelBlock } from '../projection/read-channel-block.ts';

/** A channel as the gateway needs it: transactions, blocks for the read model, and Fabric itself for evidence. */
export type Channel = AsyncDisposable &
  Pick<ProjectionPowers, 'blocks' | 'height'> & {
    readonly ledger: GatewayLedger;
    readonly fabric: Ledger;
    readonly configurations: (signal: AbortSignal) => ReturnType<typeof configurationsToStartWith>;
  };

export type OpenChannel = (config: GatewayConfig, projected: Projected) => Channel;

/** The channel of a Fabric network, real or embedded, through the own organization's peer. */
export const openFabricChannel: OpenChannel = (config, projected) => {
  const opened = openFabricLedger(config, projected);
  const { ledger, fabric } = opened;
  return {
    ledger,
    fabric,
    async *blocks(request) {
      for await (const block of fabric.blocks(request)) yield readChannelBlock(block, config.chaincode);
    },
    height: (signal) => fabric.height({ signal }),
    configurations: (signal) => configurationsToStartWith(fabric, signal),
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  };
};
