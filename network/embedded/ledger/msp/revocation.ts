import 'reflect-metadata';
import { PemConverter, X509Crl } from '@peculiar/x509';

/** What revocation lists (PEM) name, as `issuer/serial` in the spelling of node:crypto. */
export function revokedSerials(lists: readonly Uint8Array[]): ReadonlySet<string> {
  const revoked = new Set<string>();
  for (const pem of lists) {
    for (const der of PemConverter.decode(Buffer.from(pem).toString())) {
      const crl = new X509Crl(der);
      const issuer = crl.issuerName
        .toJSON()
        .flatMap((part) => Object.entries(part).map(([k, v]) => `${k}=${v.join('+')}`));
      for (const { serialNumber } of crl.entries) revoked.add(`${issuer.join('\n')}/${serial(serialNumber)}`);
    }
  }
  return revoked;
}

/** Without the leading zero octet that keeps an ASN.1 integer positive, in capitals, as node:crypto prints serials. */
const serial = (hex: string): string => hex.toUpperCase().replace(/^(00)+(?=.)/, '');
