import type { X509Certificate } from 'node:crypto';
import { x509 } from './library.ts';

/** Fabric CA's attribute extension: raw UTF-8 JSON `{"attrs":{…}}`, with no ASN.1 string around it. */
const attributeOid = '1.2.3.4.5.6.7.8.1';

/** The attribute that our chaincode and gateways check. */
export const roleAttribute = 'dcloud.role';

export function attributeExtension(attributes: Readonly<Record<string, string>>): x509.Extension {
  return new x509.Extension(attributeOid, false, Buffer.from(JSON.stringify({ attrs: attributes }), 'utf8'));
}

/** The attributes of a certificate (PEM); none where it has no such extension or one that is not JSON. */
export function attributesOf(certificate: string): Readonly<Record<string, string>> {
  const extension = new x509.X509Certificate(certificate).getExtension(attributeOid);
  if (extension === null) return {};
  try {
    const { attrs } = JSON.parse(Buffer.from(extension.value).toString('utf8')) as { attrs?: unknown };
    if (typeof attrs !== 'object' || attrs === null) return {};
    return Object.fromEntries(Object.entries(attrs).filter(([, value]) => typeof value === 'string'));
  } catch {
    return {};
  }
}

/** The organizational units of a certificate's subject; Fabric wants exactly one node OU among them. */
export function organizationalUnits(certificate: X509Certificate): string[] {
  return certificate.subject
    .split('\n')
    .filter((line) => line.startsWith('OU='))
    .map((line) => line.slice(3));
}
