import { readFileSync } from 'node:fs';
import type { MspId, StorageNodeId } from '@d-cloud/chaincode/domain';
import type { ChannelTrust, PeerCredentials } from '@d-cloud/network/peers';
import type { StorageRoute } from '@d-cloud/network/store';
import type { GatewayConfig } from '../config.ts';
import type { ReadModel } from '../projection/index.ts';
import { listAll } from './list-all.ts';

/** A storage node of the consortium with the way to it. */
export type StorageWay = { readonly organization: MspId; readonly route: StorageRoute };

/** Our TLS identity, and the roots of the channel's configuration as they stand whenever they are asked for. */
export function readPeerCredentials({ tls }: GatewayConfig['peer'], trust: ChannelTrust): PeerCredentials {
  const pair = { certificate: readFileSync(tls.certificate, 'utf8'), key: readFileSync(tls.key, 'utf8') };
  return {
    tls: pair,
    get roots() {
      return trust.roots;
    },
  };
}

/** Own storage nodes from the configuration; the token's file is read once. */
export type OwnStorageNode = { readonly id: StorageNodeId; readonly address: string; readonly token: string };

/**
 * The ways to every storage node that has not left: own ones by RPC, others' through the gateway whose address is on the ledger.
 * An organization without an address or without a TLS root in the channel's configuration cannot be reached and is left out. Plain data, so that threads can be given it.
 */
export function storageWays(
  readModel: Pick<ReadModel, 'get' | 'list'>,
  own: readonly OwnStorageNode[],
  credentials: PeerCredentials,
): ReadonlyMap<StorageNodeId, StorageWay> {
  const ways = new Map<StorageNodeId, StorageWay>();
  for (const record of listAll(readModel, 'storage-node')) {
    if (record.state === 'left') continue;
    const mine = own.find(({ id }) => id === record.id);
    const route: StorageRoute | undefined =
      mine === undefined
        ? throughGateway(readModel, record.organization, credentials)
        : { kind: 'own', address: mine.address, token: mine.token };
    if (route !== undefined) ways.set(record.id, { organization: record.organization, route });
  }
  return ways;
}

function throughGateway(
  readModel: Pick<ReadModel, 'get'>,
  organization: MspId,
  { tls, roots }: PeerCredentials,
): StorageRoute | undefined {
  const address = readModel.get('organization', organization)?.record.gatewayAddress;
  const root = roots.get(organization);
  return address === undefined || root === undefined
    ? undefined
    : { kind: 'gateway', address, tls: { ...tls, roots: root } };
}
