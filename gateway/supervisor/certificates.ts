import { type CertificateExpiry, listExpiry, openOrganization } from '@d-cloud/network/admin';
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
  const which = ended.map(({ organization, holder, notAfter }) => {
    return `${holder} of ${organization} (ended on ${notAfter.toISOString().slice(0, 10)})`;
  });
  throw new Error(
    `The certificates of ${which.join(', ')} have ended, and nobody would answer a program that shows them: renew them with dcloud cert renew, then start again.`,
  );
}
