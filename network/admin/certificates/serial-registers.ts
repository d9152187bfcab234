/** What an organization writes down of serial numbers (lower-case hex): those that it issued to an identity, and those that it revoked. */
import { X509Certificate } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { Fault } from '../../ledger/fault.ts';
import { readIfThere, writeWhole } from '../private-files.ts';
import type { CertifiedKey } from './authority.ts';
import type { Organization } from './organization.ts';

const Serial = z.string().regex(/^[0-9a-f]+$/);
const Issued = z.strictObject({ version: z.literal(1), serialNumbers: z.array(Serial) });
const Revoked = z.strictObject({
  version: z.literal(1),
  number: z.int().min(0),
  revoked: z.array(z.strictObject({ serialNumber: Serial, revokedAt: z.iso.datetime() })),
});

export type RevokedRegister = z.infer<typeof Revoked>;
type CertificatePair = { readonly signer: CertifiedKey; readonly tls: CertifiedKey };

export const serialOf = (pem: string): string => new X509Certificate(pem).serialNumber.toLowerCase();

/**
 * Every certificate that an identity was ever given: a renewed one holds for the same key until its end and, as Fabric looks at no
 * end where it verifies, beyond. An identity from before there was a register has its present ones.
 */
export async function issuedSerials(directory: string, { signer, tls }: CertificatePair): Promise<string[]> {
  const { serialNumbers } = (await readRegister(issuedAt(directory), Issued)) ?? { serialNumbers: [] };
  return [...new Set([...serialNumbers, serialOf(signer.certificate), serialOf(tls.certificate)])];
}

/** Adds to the register of an identity; to be called before the certificates are handed out. */
export async function noteIssued(directory: string, former: readonly string[], next: CertificatePair): Promise<void> {
  const serialNumbers = [...former, serialOf(next.signer.certificate), serialOf(next.tls.certificate)];
  await writeWhole(issuedAt(directory), `${JSON.stringify({ version: 1, serialNumbers })}\n`, 'public');
}

const issuedAt = (directory: string) => join(directory, 'issued.json');
const revokedAt = (authorityDirectory: string) => join(authorityDirectory, 'revoked.json');

/** All that an organization revoked. The register lies with the signing authority; that of a former one moved away with it. */
export async function readRevoked(organization: Organization): Promise<RevokedRegister> {
  const before = join(organization.directory, 'ca-before');
  const former = (await readdir(before).catch(() => [])).map((serial) => join(before, serial));
  const authorities = [join(organization.directory, 'ca'), ...former];
  const read = await Promise.all(authorities.map((directory) => readRegister(revokedAt(directory), Revoked)));
  const registers = read.filter((register) => register !== undefined);
  const revoked = new Map(registers.flatMap((one) => one.revoked.map((entry) => [entry.serialNumber, entry])));
  return {
    version: 1,
    number: Math.max(0, ...registers.map(({ number }) => number)),
    revoked: [...revoked.values()],
  };
}

export async function writeRevoked({ directory }: Organization, register: RevokedRegister): Promise<void> {
  await writeWhole(revokedAt(join(directory, 'ca')), `${JSON.stringify(register)}\n`, 'public');
}

/** Serial numbers that an organization has revoked. */
export async function revokedSerialNumbers(organization: Organization): Promise<ReadonlySet<string>> {
  const { revoked } = await readRevoked(organization);
  return new Set(revoked.map(({ serialNumber }) => serialNumber));
}

async function readRegister<T>(path: string, form: z.ZodType<T>): Promise<T | undefined> {
  const text = await readIfThere(path);
  if (text === undefined) return undefined;
  try {
    return form.parse(JSON.parse(text));
  } catch (cause) {
    throw new Fault('misconfigured', `${path} is not a register of certificates`, { cause });
  }
}
