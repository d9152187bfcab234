import type { ChaincodeInForce } from '@d-cloud/network/admin';
import { Fault } from '@d-cloud/network/ledger';
import type { WantedDefinition } from './chaincodes.ts';

/** Whether a definition counts on an organization: it keeps a collection with others, or stands in the endorsement policy. */
export function countsOn(definition: Pick<ChaincodeInForce, 'endorsement' | 'collections'>, mspId: string): boolean {
  return endorsedBy(definition, mspId) || definition.collections.some((one) => keptWithOthers(one, mspId));
}

/**
 * The same definition without an organization in its collections; one that it keeps alone stays as it is, because Fabric keeps
 * collections for ever. Fault where the endorsement policy names it: what to ask for instead is for people to agree on.
 */
export function definitionWithout(definition: ChaincodeInForce, mspId: string): Omit<WantedDefinition, 'label'> {
  const { name, version, endorsement, collections } = definition;
  if (endorsedBy(definition, mspId)) {
    throw new Fault(
      'misconfigured',
      `the endorsement policy of ${name}, ${endorsement}, names ${mspId}: agree on another one first (dcloud chaincode propose ${name} --policy …), then ask again`,
    );
  }
  const rule = endorsement.startsWith('/Channel/')
    ? ({ kind: 'channel-policy', path: endorsement } as const)
    : ({ kind: 'signatures', rule: endorsement } as const);
  const members = (one: (typeof collections)[number]) =>
    keptWithOthers(one, mspId) ? one.members.filter((member) => member !== mspId) : one.members;
  return {
    name,
    version,
    endorsement: rule,
    ...(collections.length > 0 && { collections: collections.map((one) => ({ ...one, members: members(one) })) }),
  };
}

/**
 * Whether a definition is what another one was but for an organization that was taken out of it. Not where either policy names it: which one
 * was agreed on instead is nothing that anybody has approved before.
 */
export function isSameWithout(before: ChaincodeInForce, now: ChaincodeInForce, mspId: string): boolean {
  if (!countsOn(before, mspId) || endorsedBy(before, mspId) || endorsedBy(now, mspId)) return false;
  return JSON.stringify(definitionWithout(before, mspId)) === JSON.stringify(definitionWithout(now, mspId));
}

function keptWithOthers({ members }: ChaincodeInForce['collections'][number], mspId: string): boolean {
  return members.includes(mspId) && members.some((member) => member !== mspId);
}

/** Signature policies are written with principals as `'AMSP.peer'`, `'AMSP#…'` or `'AMSP/ou=…'`. */
function endorsedBy({ endorsement }: Pick<ChaincodeInForce, 'endorsement'>, mspId: string): boolean {
  return ['.', '#', '/'].some((mark) => endorsement.includes(`'${mspId}${mark}`));
}
