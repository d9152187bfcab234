import {
  AnchorPeers,
  type ConfigGroup,
  FabricMspConfig,
  MspConfig,
  OrdererAddresses,
} from '../../ledger/messages/index.ts';
import type { MspRoots } from '../certificates/index.ts';
import { rolePrincipal, signaturePolicy } from './policies.ts';
import { newGroup, setPolicy, setValue } from './tree.ts';

const sha2 = { signatureHashFamily: 'SHA2', identityIdentifierHashFunction: 'SHA256' };

/** The config value `MSP` of an organization: roots, revocation lists and node OUs. */
export function mspValue(mspId: string, roots: MspRoots): Uint8Array {
  const root = Buffer.from(roots.rootCertificate);
  const unit = (name: string) => ({ certificate: root, name });
  const config = FabricMspConfig.encode({
    name: mspId,
    rootCerts: [root],
    tlsRootCerts: [Buffer.from(roots.tlsRootCertificate)],
    revocationList: roots.revocationLists.map((list) => Buffer.from(list)),
    cryptoConfig: sha2,
    nodeOUs: {
      enable: true,
      client: unit('client'),
      peer: unit('peer'),
      admin: unit('admin'),
      orderer: unit('orderer'),
    },
  });
  return MspConfig.encode({ type: 0, config });
}

/** An organization's group under /Channel/Application: its peers endorse, its clients write, its admins change it. */
export function applicationGroup(mspId: string, roots: MspRoots, anchorPeers: readonly string[] = []): ConfigGroup {
  const group = newGroup();
  const principals = (...names: ('admin' | 'peer' | 'client')[]) => names.map((name) => rolePrincipal(mspId, name));
  setPolicy(group, 'Readers', signaturePolicy(principals('admin', 'peer', 'client')));
  setPolicy(group, 'Writers', signaturePolicy(principals('admin', 'client')));
  setPolicy(group, 'Admins', signaturePolicy(principals('admin')));
  setPolicy(group, 'Endorsement', signaturePolicy(principals('peer')));
  setValue(group, 'MSP', mspValue(mspId, roots));
  if (anchorPeers.length > 0) setValue(group, 'AnchorPeers', anchorPeersValue(anchorPeers));
  return group;
}

/** An organization's group under /Channel/Orderer. */
export function ordererGroup(mspId: string, roots: MspRoots, endpoints: readonly string[]): ConfigGroup {
  const group = newGroup();
  setPolicy(group, 'Readers', signaturePolicy([rolePrincipal(mspId, 'member')]));
  setPolicy(group, 'Writers', signaturePolicy([rolePrincipal(mspId, 'member')]));
  setPolicy(group, 'Admins', signaturePolicy([rolePrincipal(mspId, 'admin')]));
  setValue(group, 'MSP', mspValue(mspId, roots));
  setValue(group, 'Endpoints', OrdererAddresses.encode({ addresses: endpoints }));
  return group;
}

export function anchorPeersValue(addresses: readonly string[]): Uint8Array {
  return AnchorPeers.encode({ anchorPeers: addresses.map(hostAndPort) });
}

/** `host:port` in two; the port is what follows the last colon. */
export function hostAndPort(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(':');
  return { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) };
}
