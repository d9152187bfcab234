import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { Fault } from '../../ledger/fault.ts';
import { readIfThere, writeWhole } from '../private-files.ts';
import { openIdentity } from './enrolment.ts';
import { type Organization, signingAuthority } from './organization.ts';
import { revocationList } from './revocation.ts';

const Register = z.strictObject({
  version: z.literal(1),
  number: z.int().min(0),
  revoked: z.array(z.strictObject({ serialNumber: z.string().regex(/^[0-9a-f]+$/), revokedAt: z.iso.datetime() })),
});

/**
 * Revokes identities by name, with their TLS certificates, and answers the organization's whole revocation list (PEM, `X509 CRL`), which is also written
 * to its MSP. Fabric takes lists of the signing authority alone, so TLS certificates stand in it too: Fabric passes them over, and
 * gateways refuse whoever shows them. It binds nobody until a configuration block carries it; expiry alone never stops an approver.
 */
export async function revoke(organization: Organization, names: readonly string[], now: Date): Promise<string> {
  const path = join(organization.directory, 'ca', 'revoked.json');
  const register = await readRegister(path);
  const revoked = new Map(register.revoked.map((entry) => [entry.serialNumber, entry]));
  for (const name of names) {
    const { signer, tls } = await openIdentity(organization, name);
    for (const { certificate } of [signer, tls]) {
      const serialNumber = new X509Certificate(certificate).serialNumber.toLowerCase();
      if (!revoked.has(serialNumber)) revoked.set(serialNumber, { serialNumber, revokedAt: now.toISOString() });
    }
  }
  const next = { version: 1 as const, number: register.number + 1, revoked: [...revoked.values()] };
  const list = await revocationList(
    await signingAuthority(organization),
    next.revoked.map(({ serialNumber, revokedAt }) => ({ serialNumber, revokedAt: new Date(revokedAt) })),
    next.number,
    now,
  );
  await writeWhole(path, `${JSON.stringify(next)}\n`, 'public');
  await writeWhole(join(organization.directory, 'msp', 'crls', 'ca.pem'), list, 'public');
  return list;
}

/** Serial numbers (lower-case hex) that an organization has revoked. */
export async function revokedSerialNumbers(organization: Organization): Promise<ReadonlySet<string>> {
  const { revoked } = await readRegister(join(organization.directory, 'ca', 'revoked.json'));
  return new Set(revoked.map(({ serialNumber }) => serialNumber));
}

async function readRegister(path: string): Promise<z.infer<typeof Register>> {
  const text = await readIfThere(path);
  if (text === undefined) return { version: 1, number: 0, revoked: [] };
  try {
    return Register.parse(JSON.parse(text));
  } catch (cause) {
    throw new Fault('misconfigured', `${path} is not a register of revoked certificates`, { cause });
  }
}
