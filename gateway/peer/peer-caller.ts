import { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import type { MspId } from '@d-cloud/chaincode/domain';

/** Who stands at the other end of a mutual TLS connection: an organization's gateway, or one of its compute nodes by id. */
export type PeerCaller = { readonly organization: MspId; readonly name: string };

export type TrustedRoot = { readonly organization: MspId; readonly certificate: string };

/**
 * Tells the caller of a connection that TLS has verified: the organization whose root its chain ends in, the name of its leaf's subject.
 * Answers nothing where the chain ends in no known root or the leaf has no common name.
 */
export function peerCallerOf(roots: readonly TrustedRoot[]): (socket: TLSSocket) => PeerCaller | undefined {
  const known = new Map(
    roots.map(({ organization, certificate }) => [new X509Certificate(certificate).fingerprint256, organization]),
  );
  return (socket) => {
    if (!socket.authorized) return undefined;
    let certificate = socket.getPeerCertificate(true);
    const name = certificate.subject?.CN;
    if (typeof name !== 'string' || name === '') return undefined;
    for (let depth = 0; depth < 8; depth++) {
      const organization = known.get(certificate.fingerprint256);
      // A root itself is nobody's leaf.
      if (organization !== undefined) return depth === 0 ? undefined : { organization, name };
      if (certificate.issuerCertificate === undefined || certificate.issuerCertificate === certificate)
        return undefined;
      certificate = certificate.issuerCertificate;
    }
    return undefined;
  };
}
