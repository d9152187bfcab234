import { type KeyObject, X509Certificate } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '../../ledger/fault.ts';
import { readIfThere, readNeeded, writeWhole } from '../private-files.ts';
import { organizationalUnits } from './attributes.ts';
import { type CertifiedKey, nodeRoles } from './authority.ts';
import { keyPem, privateKeyFrom } from './key-pair.ts';

/** The public half of an organization's MSP, all PEM: what others need of it, with nothing secret. */
export interface MspRoots {
  readonly rootCertificate: string;
  readonly tlsRootCertificate: string;
  readonly revocationLists: readonly string[];
}

/** What Fabric's `msp/config.yaml` must say for node OUs; without it an MSP needs files in `admincerts`. */
function nodeOUsYaml(): string {
  const unit = (role: string) =>
    `  ${role[0]!.toUpperCase()}${role.slice(1)}OUIdentifier:\n` +
    `    Certificate: cacerts/ca.pem\n    OrganizationalUnitIdentifier: ${role}\n`;
  return `NodeOUs:\n  Enable: true\n${nodeRoles.map(unit).join('')}`;
}

/** Writes a local MSP directory as `orderer` and `peer` read it; without `signer` it is the public half alone. */
export async function writeMsp(directory: string, roots: MspRoots, signer?: CertifiedKey): Promise<void> {
  await writeWhole(join(directory, 'cacerts', 'ca.pem'), roots.rootCertificate, 'public');
  await writeWhole(join(directory, 'tlscacerts', 'tlsca.pem'), roots.tlsRootCertificate, 'public');
  await writeWhole(join(directory, 'config.yaml'), nodeOUsYaml(), 'public');
  for (const [place, list] of roots.revocationLists.entries()) {
    await writeWhole(join(directory, 'crls', `${place}.pem`), list, 'public');
  }
  if (signer === undefined) return;
  await writeWhole(join(directory, 'signcerts', 'cert.pem'), signer.certificate, 'public');
  await writeWhole(join(directory, 'keystore', 'priv_sk'), keyPem(signer.key), 'secret');
}

async function onlyFile(directory: string, meaning: string): Promise<string> {
  const names = (await readdir(directory).catch(() => [])).filter((name) => !name.startsWith('.'));
  if (names.length !== 1) {
    throw new Fault(
      'misconfigured',
      `${meaning}: there must be exactly one file in ${directory}, there are ${names.length}`,
    );
  }
  return readNeeded(join(directory, names[0]!), meaning);
}

export async function readMspRoots(directory: string): Promise<MspRoots> {
  const lists = await readdir(join(directory, 'crls')).catch(() => []);
  return {
    rootCertificate: await onlyFile(join(directory, 'cacerts'), 'the certificate of the authority'),
    tlsRootCertificate: await onlyFile(join(directory, 'tlscacerts'), 'the certificate of the TLS authority'),
    revocationLists: await Promise.all(
      lists.sort().map((name) => readNeeded(join(directory, 'crls', name), 'the revocation list')),
    ),
  };
}

/**
 * The signing identity of a local MSP directory. Refuses what Fabric would accept at start and stumble over later: a key
 * of another certificate, none or several node OUs, another authority.
 */
export async function readMspSigner(directory: string): Promise<CertifiedKey> {
  const certificate = await onlyFile(join(directory, 'signcerts'), 'the signing certificate');
  const key = privateKeyFrom(await onlyFile(join(directory, 'keystore'), 'the signing key'));
  const { rootCertificate } = await readMspRoots(directory);
  checkSigner(certificate, key, rootCertificate, directory);
  if ((await readIfThere(join(directory, 'config.yaml'))) === undefined) {
    throw new Fault(
      'misconfigured',
      `${directory} has no config.yaml, so Fabric would know neither peers nor admins in it`,
    );
  }
  return { certificate, key };
}

function checkSigner(pem: string, key: KeyObject, rootPem: string, where: string): void {
  const certificate = new X509Certificate(pem);
  const root = new X509Certificate(rootPem);
  const roles = organizationalUnits(certificate).filter((unit) => (nodeRoles as readonly string[]).includes(unit));
  const wrong = !certificate.checkPrivateKey(key)
    ? 'the key does not belong to the certificate'
    : !certificate.checkIssued(root) || !certificate.verify(root.publicKey)
      ? 'the certificate is not of the authority beside it'
      : roles.length !== 1
        ? `the certificate carries ${roles.length} node OUs (${roles.join(', ') || 'none'}); Fabric wants exactly one`
        : undefined;
  if (wrong !== undefined) throw new Fault('misconfigured', `${where}: ${wrong}`);
}
