import { OrdererAddresses } from '../../ledger/messages/index.ts';
import type { ChannelConfig } from '../../ledger/verify/channel-config.ts';

/** An orderer as a channel's configuration names it. */
export interface OrdererEndpoint {
  readonly mspId: string;
  /** `host:port`. */
  readonly address: string;
  /** PEM. */
  readonly tlsRoots: readonly string[];
}

/** Every orderer that a configuration names, with the TLS roots of its organization. */
export function ordererEndpoints({ group, ordererMsps }: ChannelConfig): OrdererEndpoint[] {
  return [...(group.groups.get('Orderer')?.groups ?? [])].flatMap(([mspId, organization]) => {
    const value = organization.values.get('Endpoints')?.value;
    const tlsRoots = ordererMsps.get(mspId)?.tlsRootCertificates ?? [];
    const addresses = value === undefined ? [] : OrdererAddresses.decode(value).addresses;
    return addresses.map((address) => ({ mspId, address, tlsRoots }));
  });
}
