import 'reflect-metadata';
import {
  AuthorityKeyIdentifierExtension,
  PemConverter,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509Crl,
} from '@peculiar/x509';

/**
 * What revocation lists (PEM) name, as `key id/serial` in the spelling of node:crypto. As in Fabric a list speaks for the authority
 * whose key id it bears: two authorities of one organization may have the same name.
 */
export function revokedSerials(lists: readonly Uint8Array[]): ReadonlySet<string> {
  const revoked = new Set<string>();
  for (const pem of lists) {
    for (const der of PemConverter.decode(Buffer.from(pem).toString())) {
      const crl = new X509Crl(der);
      const keyId = crl.getExtension(AuthorityKeyIdentifierExtension)?.keyId;
      if (keyId === undefined) continue;
      for (const { serialNumber } of crl.entries) revoked.add(`${keyId.toLowerCase()}/${serial(serialNumber)}`);
    }
  }
  return revoked;
}

/** Under which key id lists speak of what an authority (DER) issued. */
export function keyIdOf(authority: Uint8Array): string | undefined {
  const certificate = new X509Certificate(Uint8Array.from(authority));
  return certificate.getExtension(SubjectKeyIdentifierExtension)?.keyId.toLowerCase();
}

/** Without the leading zero octet that keeps an ASN.1 integer positive, in capitals, as node:crypto prints serials. */
const serial = (hex: string): string => hex.toUpperCase().replace(/^(00)+(?=.)/, '');
