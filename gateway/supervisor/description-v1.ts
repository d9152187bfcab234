import { defaultSettings } from './wanted.ts';

type V1 = {
  readonly v: 1;
  readonly ledger?: unknown;
  readonly store?: unknown;
  readonly channel: string;
  readonly chaincodePort: number;
  readonly organizations: readonly {
    readonly ports: { readonly rest: number; readonly peerListener: number; readonly ledger: number };
    readonly fabricPorts?: { readonly orderer: number; readonly ordererAdmin: number; readonly chaincode: number };
  }[];
};

/** Brings what `network.json` said in version 1 (one peer and at most one orderer each, all on loopback) to version 2. */
export function upcastDescription(written: unknown): unknown {
  if ((written as { v?: unknown }).v !== 1) return written;
  const old = written as V1;
  const { ledger = { kind: 'embedded' }, store = { kind: 'embedded' }, channel, chaincodePort } = old;
  const embedded = (ledger as { kind?: unknown }).kind === 'embedded';
  return {
    v: 2,
    ledger,
    store,
    channel,
    settings: defaultSettings,
    ...(embedded && { chaincodePort }),
    organizations: old.organizations.map(({ ports, fabricPorts, ...rest }) => ({
      ...rest,
      host: '127.0.0.1',
      listen: '127.0.0.1',
      ports: { rest: ports.rest, peerListener: ports.peerListener },
      peers: [{ port: ports.ledger, ...(fabricPorts && { chaincode: fabricPorts.chaincode }) }],
      orderers: fabricPorts ? [{ port: fabricPorts.orderer, adminPort: fabricPorts.ordererAdmin }] : [],
    })),
    others: [],
  };
}
