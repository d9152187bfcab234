import { Organization } from './organization.ts';

/** An organization as its own machines know it, without any channel: its certificate authorities and the node OUs of our certificates. */
export function localOrganization(mspId: string, rootCertificates: Buffer): Organization {
  const unit = (name: string) => ({ certificate: Buffer.alloc(0), unit: name });
  return new Organization({
    name: mspId,
    rootCerts: certificatesIn(rootCertificates),
    intermediateCerts: [],
    admins: [],
    revocationList: [],
    tlsRootCerts: [],
    tlsIntermediateCerts: [],
    nodeOus: {
      enable: true,
      client: unit('client'),
      peer: unit('peer'),
      admin: unit('admin'),
      orderer: unit('orderer'),
    },
  });
}

/** The certificates of a PEM file, one after the other. */
function certificatesIn(pem: Buffer): Buffer[] {
  const found = pem.toString('latin1').match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return found.map((each) => Buffer.from(`${each}\n`, 'latin1'));
}
