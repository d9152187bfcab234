import { type CertificateExpiry, listExpiry, openOrganization, renew } from '@d-cloud/network/admin';
import type { NetworkDescription } from './description.ts';
import { identitiesOf } from './identities.ts';
import { layoutOf } from './layout.ts';

/** Certificates of the organizations here that have ended or end within 90 days, the one that ends first in front. */
export async function endingCertificates(
  directory: string,
  { organizations }: NetworkDescription,
  now: Date,
): Promise<CertificateExpiry[]> {
  const all = organizations.map(async ({ name }) =>
    listExpiry(await openOrganization(layoutOf(directory).ofOrganization(name).directory), now),
  );
  return (await Promise.all(all))
    .flat()
    .filter(({ warning }) => warning !== undefined)
    .sort((a, b) => a.notAfter.getTime() - b.notAfter.getTime());
}

/** Certificates of roles only sign what people ask for; a program whose certificate has ended starts, and nobody answers it. */
const programRoles = ['peer', 'orderer', 'chaincode', 'gateway'];

/** Refuses to start programs with certificates that have ended. @throws Error naming each, and what to do */
export async function refuseExpired(directory: string, description: NetworkDescription, now: Date): Promise<void> {
  const programs = new Set(
    description.organizations.flatMap((one) => [
      ...identitiesOf(one)
        .map(({ name }) => name)
        .filter((name) => name.startsWith('comp_') || programRoles.some((role) => name.startsWith(role))),
      'authority',
    ]),
  );
  const ended = (await endingCertificates(directory, description, now)).filter(
    ({ warning, holder }) => warning === 'expired' && programs.has(holder.replace(' (TLS)', '')),
  );
  if (ended.length === 0) return;
  const byOrganization = Map.groupBy(ended, ({ organization }) => organization);
  const which = [...byOrganization].map(
    ([organization, ofIt]) =>
      `${organization} (${ofIt.map(({ holder, notAfter }) => `${holder} on ${notAfter.toISOString().slice(0, 10)}`).join(', ')})`,
  );
  throw new Error(
    `Certificates of ${which.join(' and ')} have ended, and nobody would answer a program that shows them: renew them with dcloud network renew, then start again.`,
  );
}

/**
 * Issues the certificates of every identity here that end within so many days again, for the same keys, so that an orderer
 * stays a consenter. Works while nothing runs, with the authorities on this machine; programs use them from their next start on.
 */
export async function renewEnding(
  directory: string,
  { organizations }: NetworkDescription,
  { now, withinDays }: { readonly now: Date; readonly withinDays: number },
): Promise<string[]> {
  const renewed: string[] = [];
  for (const { name } of organizations) {
    const organization = await openOrganization(layoutOf(directory).ofOrganization(name).directory);
    const ending = (await listExpiry(organization, now)).filter(({ daysLeft }) => daysLeft <= withinDays);
    const holders = new Set(ending.map(({ holder }) => holder.replace(' (TLS)', '')));
    holders.delete('authority');
    for (const holder of [...holders].sort()) {
      await renew(organization, holder, now);
      renewed.push(`${holder} of ${name}`);
    }
  }
  return renewed;
}
