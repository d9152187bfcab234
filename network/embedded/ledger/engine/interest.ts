import { SignaturePolicyEnvelope } from '../wire/policy.ts';
import { hashedSpace } from './keys.ts';
import { hashOfKey, type ReadWriteSet, type Touched } from './read-write-set.ts';
import type { State } from './state.ts';

/** The name under which a key's own endorsement policy lies in its metadata. */
export const VALIDATION_PARAMETER = 'VALIDATION_PARAMETER';

/** One entry of what a transaction needs endorsed (`peer.ChaincodeCall`). */
export interface ChaincodeCall {
  readonly name: string;
  readonly collectionNames: readonly string[];
  /** Nothing private was read, so organizations outside the collection can endorse too. */
  readonly noPrivateReads: boolean;
  readonly keyPolicies: readonly SignaturePolicyEnvelope[];
  /** Every key written has its own policy, so the chaincode's does not count. */
  readonly disregardNamespacePolicy: boolean;
}

export const plainCall = (name: string): ChaincodeCall => ({
  name,
  collectionNames: [],
  noPrivateReads: false,
  keyPolicies: [],
  disregardNamespacePolicy: false,
});

/** The simulated set, the state it read and which collections (as hashed spaces) it read plaintext of. */
export interface Simulated {
  readonly set: ReadWriteSet;
  readonly state: State;
  readonly height: number;
  readonly privateReads: ReadonlySet<string>;
}

/**
 * What a simulation's results need endorsed: per namespace the chaincode's policy unless all its written keys carry their
 * own, and per collection that collection's. Throws where a key's policy cannot be read.
 */
export function interestOf(simulated: Simulated, isSystem: (namespace: string) => boolean): readonly ChaincodeCall[] {
  return [...simulated.set.namespaces].flatMap(([namespace, touched]) => {
    if (isSystem(namespace)) return [];
    const open = policiesOf(simulated, namespace, written(touched));
    const collections = [...touched.collections].map(([name, part]) => {
      const space = hashedSpace(namespace, name);
      return {
        name,
        read: simulated.privateReads.has(space),
        ...policiesOf(simulated, space, written(part).map(hashOfKey)),
      };
    });
    const keyPolicies = [open, ...collections].flatMap(({ policies }) => policies);
    const writes = [open, ...collections].some(({ keys }) => keys > 0);
    const needsChaincode = !writes || open.bare;
    const calls: ChaincodeCall[] = collections
      .filter(({ read, bare }) => read || bare)
      .map(({ name, read }) => ({ ...plainCall(namespace), collectionNames: [name], noPrivateReads: !read }));
    if (keyPolicies.length > 0) {
      calls.push({ ...plainCall(namespace), keyPolicies, disregardNamespacePolicy: !needsChaincode });
    } else if (needsChaincode) calls.push(plainCall(namespace));
    return calls;
  });
}

const written = ({ writes, metadata }: Touched): string[] => [...new Set([...writes.keys(), ...metadata.keys()])];

/** The policies that these keys carry themselves, and whether some key carries none. */
function policiesOf({ state, height }: Simulated, space: string, keys: readonly string[]) {
  const policies: SignaturePolicyEnvelope[] = [];
  for (const key of keys) {
    const policy = state.at(space, key, height)?.metadata?.[VALIDATION_PARAMETER];
    if (policy !== undefined) policies.push(SignaturePolicyEnvelope.decode(policy));
  }
  return { policies, keys: keys.length, bare: policies.length < keys.length };
}
