import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeWhole } from '../private-files.ts';
import type { Authority } from './authority.ts';
import { openIdentity } from './enrolment.ts';
import { authorityIn, type Organization, signingAuthority } from './organization.ts';
import { revocationList } from './revocation.ts';
import { issuedSerials, readRevoked, writeRevoked } from './serial-registers.ts';

/** A revocation list (PEM, `X509 CRL`) and the authority (PEM) that signed it. */
export interface SignedList {
  readonly authority: string;
  readonly list: string;
}

/**
 * Revokes identities by name, with every certificate that they were ever given, and answers the organization's whole revocation list,
 * signed once by each authority that issues or issued signers, the one in use in front: a peer looks for a certificate in the lists of
 * that certificate's own authority alone. Fabric takes no lists of TLS authorities, so TLS certificates stand in these too: Fabric passes
 * them over, and gateways refuse whoever shows them. It binds nobody until a configuration block carries it.
 */
export async function revoke(organization: Organization, names: readonly string[], now: Date): Promise<SignedList[]> {
  const register = await readRevoked(organization);
  const revoked = new Map(register.revoked.map((entry) => [entry.serialNumber, entry]));
  for (const name of names) {
    const identity = await openIdentity(organization, name);
    for (const serialNumber of await issuedSerials(identity.directory, identity)) {
      if (!revoked.has(serialNumber)) revoked.set(serialNumber, { serialNumber, revokedAt: now.toISOString() });
    }
  }
  const next = { version: 1 as const, number: register.number + 1, revoked: [...revoked.values()] };
  const entries = next.revoked.map(({ serialNumber, revokedAt }) => ({ serialNumber, revokedAt: new Date(revokedAt) }));
  const signed = async (authority: Authority): Promise<SignedList> => {
    return { authority: authority.certificate, list: await revocationList(authority, entries, next.number, now) };
  };
  const own = await signed(await signingAuthority(organization));
  const former = await Promise.all((await formerSigningAuthorities(organization)).map(signed));
  await writeRevoked(organization, next);
  await writeWhole(join(organization.directory, 'msp', 'crls', 'ca.pem'), own.list, 'public');
  return [own, ...former];
}

async function formerSigningAuthorities({ directory }: Organization): Promise<Authority[]> {
  const before = join(directory, 'ca-before');
  return Promise.all((await readdir(before).catch(() => [])).map((serial) => authorityIn(join(before, serial))));
}
