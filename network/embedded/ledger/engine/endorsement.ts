import type { Identities } from '../msp/identities.ts';
import { type Identity, signed } from '../msp/identity.ts';
import { type Policy, signaturePolicy } from '../msp/policy.ts';
import { SignaturePolicyEnvelope } from '../wire/policy.ts';
import { Code } from '../wire/proposal.ts';
import type { Definitions } from './definitions.ts';
import { VALIDATION_PARAMETER } from './interest.ts';
import { hashedSpace } from './keys.ts';
import type { OwnEndorsements } from './own-endorsements.ts';
import type { State } from './state.ts';
import type { Endorsed, NamespaceChanges } from './transaction.ts';

export interface EndorsementRules {
  readonly identities: Identities;
  readonly definitions: Definitions;
  readonly state: State;
  readonly own: OwnEndorsements;
}

/** A key whose own policy some transaction of this block changes: what follows it in the block must not touch the key. */
export type PolicyChanges = Set<string>;

/** Whether a transaction's endorsements satisfy the policies of all chaincodes, collections and keys that it writes. */
export function checkEndorsements(endorsed: Endorsed, rules: EndorsementRules, changed: PolicyChanges): Code {
  const { chaincode, action, namespaces, event } = endorsed;
  const executed = action.chaincodeId;
  if (executed === undefined) return Code.INVALID_OTHER_REASON;
  if (chaincode === '' || executed.name !== chaincode || executed.version === '') return Code.INVALID_CHAINCODE;
  if (event !== undefined && event.chaincodeId !== chaincode) return Code.INVALID_OTHER_REASON;
  const seen = new Set<string>();
  for (const { namespace } of namespaces) {
    if (seen.has(namespace)) return Code.ILLEGAL_WRITESET;
    seen.add(namespace);
  }
  const touched = namespaces.filter((changes) => changes.namespace === chaincode || writesTo(changes));
  const { definitions } = rules;
  if (touched.some(({ namespace }) => definitions.endorsement(namespace) === undefined)) return Code.INVALID_CHAINCODE;
  const called = definitions.endorsement(chaincode);
  if (called === undefined) return Code.INVALID_CHAINCODE;
  const signers = signersOf(endorsed, rules);
  if (!seen.has(chaincode) && !called.satisfiedBy(signers)) {
    return Code.ENDORSEMENT_POLICY_FAILURE;
  }
  let code: Code = Code.VALID;
  for (const changes of touched) {
    if (namespaceHolds(changes, signers, rules, changed)) {
      for (const key of policiesChangedBy(changes)) changed.add(key);
    } else code = Code.ENDORSEMENT_POLICY_FAILURE;
  }
  return code;
}

const writesTo = ({ open, collections }: NamespaceChanges): boolean =>
  open.writes.length + open.metadataWrites.length > 0 ||
  collections.some(({ hashed }) => hashed.writes.length + hashed.metadataWrites.length > 0);

function signersOf(
  { endorsements, responsePayload }: Endorsed,
  { identities, own }: EndorsementRules,
): readonly Identity[] {
  const signers = new Map<string, Identity>();
  for (const { endorser, signature } of endorsements) {
    const id = endorser.toString('latin1');
    const identity = signers.has(id) ? undefined : identities.read(endorser);
    if (identity === undefined || identity.problem !== undefined) continue;
    if (
      own.made(signature, responsePayload, endorser) ||
      signed(identity, Buffer.concat([responsePayload, endorser]), signature)
    ) {
      signers.set(id, identity);
    }
  }
  return [...signers.values()];
}

/** Every key written by its own policy, else its collection's, else the chaincode's; the chaincode's if none was asked. */
function namespaceHolds(
  { namespace, open, collections }: NamespaceChanges,
  signers: readonly Identity[],
  { definitions, state }: EndorsementRules,
  changed: PolicyChanges,
): boolean {
  const chaincode = definitions.endorsement(namespace)!;
  const asked = new Map<Policy, boolean>();
  const ask = (policy: Policy): boolean => {
    const known = asked.get(policy) ?? policy.satisfiedBy(signers);
    asked.set(policy, known);
    return known;
  };
  const keyHolds = (space: string, key: string, otherwise: Policy): boolean => {
    if (changed.has(keyId(space, key))) return false;
    const own = state.latest(space, key)?.metadata?.[VALIDATION_PARAMETER];
    return ask(own === undefined || own.length === 0 ? otherwise : policyOfKey(own));
  };
  const keys = [...open.writes, ...open.metadataWrites].map(({ key }) => key);
  if (!keys.every((key) => keyHolds(namespace, key, chaincode))) return false;
  for (const { name, hashed } of collections) {
    const hashes = [...hashed.writes, ...hashed.metadataWrites].map(({ keyHash }) => keyHash.toString('hex'));
    const collection = definitions.collection(namespace, name);
    if (hashes.length > 0 && collection === undefined) return false;
    const otherwise = collection?.endorsement ?? chaincode;
    if (!hashes.every((hash) => keyHolds(hashedSpace(namespace, name), hash, otherwise))) return false;
  }
  return asked.size > 0 || ask(chaincode);
}

const nobody: Policy = { satisfiedBy: () => false, refusal: () => 'the policy of the key cannot be read' };

function policyOfKey(bytes: Buffer): Policy {
  try {
    return signaturePolicy(SignaturePolicyEnvelope.decode(bytes));
  } catch {
    return nobody;
  }
}

const keyId = (space: string, key: string): string => `${space}\0\0${key}`;

function policiesChangedBy({ namespace, open, collections }: NamespaceChanges): string[] {
  return [
    ...open.metadataWrites.map(({ key }) => keyId(namespace, key)),
    ...collections.flatMap(({ name, hashed }) =>
      hashed.metadataWrites.map(({ keyHash }) => keyId(hashedSpace(namespace, name), keyHash.toString('hex'))),
    ),
  ];
}
