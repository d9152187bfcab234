import { X509Certificate } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { renameDurably } from '../../files/index.ts';
import { Fault } from '../../ledger/fault.ts';
import { makeDirectory, makeWholeDirectory, readIfThere, readNeeded, writeWhole } from '../private-files.ts';
import { type Authority, foundAuthority, openAuthority } from './authority.ts';
import { listIdentities, renew } from './enrolment.ts';
import { keyPem } from './key-pair.ts';
import { type Organization, openOrganization } from './organization.ts';
import { revoke } from './revoke.ts';
import { revokedSerialNumbers } from './serial-registers.ts';

/** Which of an organization's two authorities: the one that issues signers, or the one for TLS. */
export type AuthorityKind = 'signing' | 'tls';

const folders = { signing: 'ca', tls: 'tlsca' } as const;
const published = { signing: join('cacerts', 'ca.pem'), tls: join('tlscacerts', 'tlsca.pem') } as const;

const nextDirectory = ({ directory }: Organization, kind: AuthorityKind) => join(directory, `${folders[kind]}-next`);

/** The authority that is to follow the one in use; it is made when it is first asked for, and issues nothing until the change. */
export async function nextAuthority(organization: Organization, kind: AuthorityKind, now: Date): Promise<Authority> {
  const directory = nextDirectory(organization, kind);
  await makeWholeDirectory(directory, async (unfinished) => {
    const authority = await foundAuthority(`${folders[kind]}.${organization.name}`, organization.mspId, now);
    await writeWhole(join(unfinished, 'cert.pem'), authority.certificate, 'public');
    await writeWhole(join(unfinished, 'key.pem'), keyPem(authority.key), 'secret');
  });
  return openAuthority(
    await readNeeded(join(directory, 'cert.pem'), "the next authority's certificate"),
    await readNeeded(join(directory, 'key.pem'), "the next authority's key"),
    directory,
  );
}

/**
 * Puts the next authority in the place of the one in use and issues every identity's certificates again under it, for the same
 * keys; revoked ones stay as they are. To be called when the channel's configuration names both roots; the programs are started again afterwards. After a crash
 * in the middle it is called again and goes on.
 */
export async function changeAuthority(organization: Organization, kind: AuthorityKind, now: Date): Promise<void> {
  const { directory } = organization;
  const [next, current] = [nextDirectory(organization, kind), join(directory, folders[kind])];
  const certificate = await readIfThere(join(next, 'cert.pem'));
  const inUse = await readNeeded(join(directory, 'msp', published[kind]), "the authority's certificate");
  if (certificate !== undefined) {
    const serial = new X509Certificate(await readNeeded(join(current, 'cert.pem'), 'the authority in use'))
      .serialNumber;
    const before = join(directory, `${folders[kind]}-before`);
    await makeDirectory(before);
    await renameDurably(current, join(before, serial.toLowerCase()));
    await renameDurably(next, current);
  } else if (inUse === (await readNeeded(join(current, 'cert.pem'), 'the authority in use'))) {
    throw new Fault(
      'misconfigured',
      `${directory} has no next authority: ask for one, and let the channel know it first`,
    );
  }
  const root = await readNeeded(join(current, 'cert.pem'), 'the authority');
  const revoked = await revokedSerialNumbers(organization);
  for (const name of await listIdentities(organization)) {
    const identity = join(directory, 'identities', name);
    const own = kind === 'tls' ? join(identity, 'tls', 'cert.pem') : join(identity, 'msp', 'signcerts', 'cert.pem');
    const issued = new X509Certificate(await readNeeded(own, `the certificate of ${name}`));
    if (revoked.has(issued.serialNumber.toLowerCase())) continue;
    if (!issued.verify(new X509Certificate(root).publicKey)) await renew(organization, name, now);
    await writeWhole(join(identity, 'msp', published[kind]), root, 'public');
    if (kind === 'tls') await writeWhole(join(identity, 'tls', 'ca.pem'), root, 'public');
  }
  // The list that the MSP shows is that of the authority it shows.
  if (kind === 'signing' && revoked.size > 0) await revoke(organization, [], now);
  // Last: until now the organization shows the old authority, and a call after a crash goes on.
  await writeWhole(join(directory, 'msp', published[kind]), root, 'public');
  await openOrganization(directory);
}

/** Certificates (PEM) of the authorities that an organization had before, of one kind. */
export async function formerAuthorities({ directory }: Organization, kind: AuthorityKind): Promise<string[]> {
  const before = join(directory, `${folders[kind]}-before`);
  const serials = await readdir(before).catch(() => []);
  return Promise.all(serials.map((serial) => readNeeded(join(before, serial, 'cert.pem'), 'the former authority')));
}
