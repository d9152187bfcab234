/**
 * What of an organization's directory goes into a backup: all that the ledger cannot give again. Left out are the read model and the
 * answers kept for repeated requests (both follow from the ledger), the spool, and the blocks on storage nodes (repaired from others').
 */

/** Whole units beside the gateway: each is restored where it is missing and kept as it is where it is there. */
export const wholeFiles = ['organization.json', 'recovery.pub'] as const;
export const wholeDirectories = ['ca', 'tlsca', 'msp'] as const;
/** A directory of units: one identity each. */
export const identities = 'identities';

export const gatewayFiles = ['config.json', 'organization-secret', 'key-store.key'] as const;

export type DatabasePart = { readonly name: string; readonly amend?: string };

/**
 * The gateway's databases in the order in which they are copied. The key store is last: a journal line or a job's plan then never
 * stands in a backup without its keys. An upload that was still putting blocks is left out of the journal, because it may have been
 * published while the copy was made, and a restored gateway would take back what it believes unpublished.
 */
export const databases: readonly DatabasePart[] = [
  { name: 'uploads.sqlite', amend: "DELETE FROM upload WHERE state = 'putting'" },
  { name: 'jobs.sqlite' },
  { name: 'custody.sqlite' },
  { name: 'administration.sqlite' },
  { name: 'erasures.sqlite' },
  { name: 'blocks.sqlite' },
  { name: 'api-keys.sqlite' },
  { name: 'keys.sqlite' },
];

/** Beside a gateway's databases: they were restored, and what its organization keeps on the ledger may be newer. */
export const restoredName = 'restored';

/** Without these a gateway could open nothing. */
export const neededParts = ['gateway/organization-secret', 'gateway/key-store.key', 'gateway/keys.sqlite'] as const;

/** The unit that a path in a backup belongs to, such as `identities/gateway`; nothing for a path that no backup has. */
export function unitOf(path: string): string | undefined {
  const [first = '', second = '', ...rest] = path.split('/');
  if ((wholeFiles as readonly string[]).includes(path)) return path;
  if ((wholeDirectories as readonly string[]).includes(first) && second !== '') return first;
  if (first === identities && rest.length > 0) return `${first}/${second}`;
  const inGateway = [...gatewayFiles, ...databases.map(({ name }) => name)] as readonly string[];
  return first === 'gateway' && rest.length === 0 && inGateway.includes(second) ? 'gateway' : undefined;
}
