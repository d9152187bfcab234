import type { MspId } from './ids.ts';
import type { Digest } from './records.ts';
import { Refusal } from './refusal.ts';
import type { SubmitName } from './transactions.ts';

/** Values of the certificate attribute `dcloud.role`. `gateway` is the gateway's own certificate; people's roles sign for people. */
export const roles = [
  'gateway',
  'data-team',
  'model-owner',
  'compliance',
  'operator',
  'admin',
  'compute-node',
] as const;
export type LedgerRole = (typeof roles)[number];

/** Who signed a transaction: the certificate's organization, role and key. */
export type Caller = {
  readonly mspId: MspId;
  readonly role: string | undefined;
  /** SHA-256 of the SPKI DER of the certificate's key, hex. */
  readonly keyId: Digest;
};

const governance = ['admin', 'gateway'] as const;
const owners = ['gateway', 'data-team', 'model-owner', 'admin'] as const;
const requesters = ['gateway', 'data-team', 'admin'] as const;
const readers = ['gateway', 'data-team', 'model-owner', 'compliance', 'admin'] as const;
const operators = ['operator', 'admin'] as const;
const keepers = ['compliance', 'admin'] as const;
const nodes = ['compute-node'] as const;

/** Which roles may submit what: the whole table. Questions may be asked by every member. */
export const rolesOf: { readonly [N in SubmitName]: readonly LedgerRole[] } = {
  'organization:register': governance,
  'organization:rotateKey': governance,
  'organization:leave': ['admin'],
  'organization:expel': ['admin'],
  'key:keep': ['gateway'],
  'key:purge': ['gateway'],
  'purpose:define': ['admin'],
  'dataset:register': owners,
  'dataset:publishVersion': owners,
  'dataset:reseal': ['gateway'],
  'dataset:retire': owners,
  'dataset:hold': keepers,
  'dataset:release': keepers,
  // What nobody can take back is asked for by an administrator, and certified by the gateway that saw it done.
  'dataset:requestErasure': ['admin'],
  'dataset:recordErasure': ['gateway'],
  'grant:request': owners,
  'grant:issue': owners,
  'grant:refuse': owners,
  'grant:revoke': owners,
  'model:register': owners,
  'model:publishVersion': owners,
  'model:approve': owners,
  'model:revoke': owners,
  'job:request': requesters,
  'job:cancel': requesters,
  'job:finish': requesters,
  'partition:claim': nodes,
  'partition:release': nodes,
  'partition:attest': nodes,
  'partition:reassign': requesters,
  'storage-node:register': operators,
  'storage-node:drain': operators,
  'storage-node:expel': operators,
  'storage-node:leave': operators,
  'compute-node:register': operators,
  'compute-node:drain': operators,
  'compute-node:leave': operators,
  'access:record': readers,
  'audit:record': ['gateway'],
};

/** Refuses with ROLE_MISSING unless the caller's certificate carries a role that may submit the transaction. */
export function checkRole(transaction: SubmitName, caller: Caller): void {
  if (!rolesOf[transaction].some((role) => role === caller.role)) {
    throw new Refusal(
      'ROLE_MISSING',
      `${transaction} needs a certificate with dcloud.role ${rolesOf[transaction].join(' or ')}`,
    );
  }
}

/** Refuses with CALLER_NOT_OWNER unless the caller's organization is the one that decides. */
export function checkOwner(caller: Caller, owner: MspId, what: string): void {
  if (caller.mspId !== owner)
    throw new Refusal('CALLER_NOT_OWNER', `${what} is decided by ${owner}, not by ${caller.mspId}`);
}
