import { createPublicKey } from 'node:crypto';
import type { Authority } from './authority.ts';
import { p256, signingKey, verifyingKey } from './key-pair.ts';
import { x509 } from './library.ts';

const yearMs = 365 * 24 * 60 * 60_000;

export interface RevokedCertificate {
  /** Hex, as in the certificate. */
  readonly serialNumber: string;
  readonly revokedAt: Date;
}

/** DER positive INTEGER of the list's number. */
function derInteger(value: number): Uint8Array {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
  const body = bytes[0]! & 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes;
  return Buffer.concat([Buffer.of(2, body.length), body]);
}

/**
 * A revocation list that Fabric takes: signed by the organization's CA, with the authority key id that says so, in the PEM
 * label `X509 CRL` (Go knows no other). It binds from the config block that carries it, whatever its dates say.
 */
export async function revocationList(
  authority: Authority,
  revoked: readonly RevokedCertificate[],
  number: number,
  now: Date,
): Promise<string> {
  const list = await x509.X509CrlGenerator.create({
    issuer: new x509.X509Certificate(authority.certificate).subject,
    thisUpdate: new Date(now.getTime() - 60_000),
    nextUpdate: new Date(now.getTime() + yearMs),
    signingAlgorithm: p256,
    signingKey: await signingKey(authority.key),
    entries: revoked.map(({ serialNumber, revokedAt }) => ({ serialNumber, revocationDate: revokedAt })),
    extensions: [
      await x509.AuthorityKeyIdentifierExtension.create(await verifyingKey(createPublicKey(authority.key)), false),
      new x509.Extension('2.5.29.20', false, derInteger(number)),
    ],
  });
  const base64 = Buffer.from(list.rawData).toString('base64');
  return `-----BEGIN X509 CRL-----\n${base64.match(/.{1,64}/g)!.join('\n')}\n-----END X509 CRL-----\n`;
}
