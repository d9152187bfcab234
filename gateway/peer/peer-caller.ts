import type { TLSSocket } from 'node:tls';
import type { MspId } from '@d-cloud/chaincode/domain';
import type { ChainLink, ChannelTrust } from '@d-cloud/network/peers';

/** Who stands at the other end of a mutual TLS connection: an organization's gateway, or one of its compute nodes by id. */
export type PeerCaller = { readonly organization: MspId; readonly name: string };

const longestChain = 8;

/**
 * Tells the caller of a connection that TLS has verified: the organization that the channel's configuration in force knows its chain
 * by, and the name of its leaf's subject. Nothing for a chain of nobody's, a revoked certificate, or a leaf without a common name.
 */
export function peerCallerOf(trust: Pick<ChannelTrust, 'organizationOf'>, socket: TLSSocket): PeerCaller | undefined {
  if (!socket.authorized) return undefined;
  let certificate = socket.getPeerCertificate(true);
  const name = certificate.subject?.CN;
  if (typeof name !== 'string' || name === '') return undefined;
  const chain: ChainLink[] = [];
  for (let last: typeof certificate | undefined; certificate && certificate !== last && chain.length < longestChain; ) {
    chain.push({ fingerprint: certificate.fingerprint256, serialNumber: certificate.serialNumber });
    last = certificate;
    certificate = certificate.issuerCertificate;
  }
  const organization = trust.organizationOf(chain);
  return organization === undefined ? undefined : { organization: organization as MspId, name };
}
