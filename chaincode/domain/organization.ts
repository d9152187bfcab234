import type { RosterRecord } from './bookkeeping.ts';
import type { MspId } from './ids.ts';
import type { OrganizationRecord, Purpose, PurposeListRecord } from './records.ts';
import { Refusal } from './refusal.ts';
import type { Caller } from './roles.ts';
import type { Submits } from './transactions.ts';

/**
 * Registers the caller's own organization, under its MSP id. Registering again moves the name and the gateway's address;
 * the keys stay, because a new key is a new epoch (rotateKey); a recovery key is added where there was none.
 */
export function registerOrganization(
  caller: Caller,
  body: Submits['organization:register']['body'],
  existing: OrganizationRecord | undefined,
): OrganizationRecord {
  const { name, gatewayAddress, agreementKey, recoveryKey } = body;
  if (existing === undefined) {
    const agreementKeys = [{ epoch: 1, publicKey: agreementKey }];
    return { v: 1, mspId: caller.mspId, name, gatewayAddress, agreementKeys, ...(recoveryKey && { recoveryKey }) };
  }
  if (existing.agreementKeys.at(-1)?.publicKey !== agreementKey) {
    throw new Refusal(
      'STATE_CONFLICT',
      `${caller.mspId} is registered with another key: rotate it with organization:rotateKey`,
    );
  }
  if (recoveryKey !== undefined && existing.recoveryKey !== undefined && existing.recoveryKey !== recoveryKey) {
    throw new Refusal(
      'STATE_CONFLICT',
      `${caller.mspId} is registered with another recovery key: change it with organization:rotateKey`,
    );
  }
  return { ...existing, name, gatewayAddress, ...(recoveryKey && { recoveryKey }) };
}

/** Adds a key-encryption key under the next epoch. Older ones stay readable: what was wrapped to them must open. */
export function rotateKey(
  organization: OrganizationRecord,
  { agreementKey, recoveryKey }: Submits['organization:rotateKey']['body'],
): OrganizationRecord {
  if (organization.agreementKeys.some(({ publicKey }) => publicKey === agreementKey)) {
    throw new Refusal('STATE_CONFLICT', 'that key was already an epoch of this organization');
  }
  const epoch = organization.agreementKeys.length + 1;
  const agreementKeys = [...organization.agreementKeys, { epoch, publicKey: agreementKey }];
  return { ...organization, agreementKeys, ...(recoveryKey && { recoveryKey }) };
}

export function rosterWith(roster: RosterRecord | undefined, mspId: MspId): RosterRecord {
  const members = new Set([...(roster?.members ?? []), mspId]);
  return { ...roster, v: 1, members: [...members].sort((a, b) => (a < b ? -1 : 1)) };
}

/** Refuses with ORGANIZATION_NOT_FOUND unless every named organization has registered. */
export function checkMembers(roster: RosterRecord | undefined, named: readonly MspId[]): void {
  const stranger = named.find((mspId) => roster?.members.includes(mspId) !== true);
  if (stranger !== undefined) throw new Refusal('ORGANIZATION_NOT_FOUND', `${stranger} has not registered`);
}

/** Sets the consortium's list. It grows and is relabelled, but a purpose once defined stays: grants and jobs name it. */
export function definePurposes(
  { purposes }: { readonly purposes: readonly Purpose[] },
  existing: PurposeListRecord | undefined,
): PurposeListRecord {
  const ids = new Set(purposes.map(({ id }) => id));
  if (ids.size !== purposes.length) throw new Refusal('RECORD_INVALID', 'body.purposes must not repeat an id');
  const gone = existing?.purposes.find(({ id }) => !ids.has(id));
  if (gone !== undefined)
    throw new Refusal('STATE_CONFLICT', `purpose ${gone.id} was defined before and must stay in the list`);
  return { v: 1, purposes };
}

/** Refuses with PURPOSE_UNKNOWN unless the consortium defined every named purpose. */
export function checkPurposes(list: PurposeListRecord | undefined, named: readonly string[]): void {
  if (list === undefined) throw new Refusal('PURPOSES_NOT_DEFINED', 'the consortium has defined no purposes yet');
  const unknown = named.find((id) => !list.purposes.some((purpose) => purpose.id === id));
  if (unknown !== undefined) throw new Refusal('PURPOSE_UNKNOWN', `the consortium's list has no purpose ${unknown}`);
}
