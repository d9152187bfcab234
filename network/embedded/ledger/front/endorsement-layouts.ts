import { type Policy, signaturePolicy } from '../msp/policy.ts';
import type { ChaincodeInterest } from '../wire/proposal.ts';
import type { Channel } from './channel.ts';
import type { Peer } from './peer.ts';

/** Why nobody can be named to endorse a call, in Fabric's words. */
export class NoEndorsers extends Error {}

/** The peers of a channel that run what an interest names and may see its collections. Throws `NoEndorsers` for what is not defined. */
export function authorizedPeers({ id, ledger, peers }: Channel, { chaincodes }: ChaincodeInterest): readonly Peer[] {
  let able = peers;
  for (const { name, collectionNames, noPrivateReads } of chaincodes) {
    if (ledger.definitions.endorsement(name) === undefined) {
      throw new NoEndorsers(`No metadata was found for chaincode ${name} in channel ${id}`);
    }
    able = able.filter((peer) => peer.has(name));
    if (noPrivateReads) continue;
    for (const each of collectionNames) {
      const collection = ledger.definitions.collection(name, each);
      if (collection === undefined) {
        throw new NoEndorsers(`collection ${each} doesn't exist in collection config for chaincode ${name}`);
      }
      able = able.filter(({ mspId }) => collection.members.has(mspId));
    }
  }
  return able;
}

/** What one request may have searched: as many sets of peers, over all it asks, as Fabric takes combinations of a policy (`policies/inquire`). */
export class SearchEffort {
  #sets = 10_000;

  spend(): void {
    if (this.#sets-- <= 0) throw new NoEndorsers('there are too many combinations of peers to look through');
  }
}

/**
 * The smallest sets of peers that satisfy everything that an interest touches: no set holds another. Fabric names sets of
 * principals; with one peer per organization these are the same. Throws `NoEndorsers` where there is none, or the effort is spent.
 */
export function endorsingSets(
  channel: Channel,
  interest: ChaincodeInterest,
  effort: SearchEffort,
): readonly (readonly Peer[])[] {
  const policies = policiesOf(channel, interest);
  const peers = authorizedPeers(channel, interest);
  const found: (readonly Peer[])[] = [];
  for (let size = 1; size <= peers.length; size++) {
    const smallest: (readonly Peer[])[] = [];
    let isNew = false;
    for (const set of choose(peers, size, 0)) {
      effort.spend();
      if (found.some((smaller) => smaller.every((peer) => set.includes(peer)))) continue;
      isNew = true;
      const signers = set.flatMap(({ identity }) => identity ?? []);
      if (policies.every((policy) => policy.satisfiedBy(signers))) smallest.push(set);
    }
    // Where every set of a size holds a smaller one that does, so does every larger set.
    if (!isNew) break;
    found.push(...smallest);
  }
  if (found.length === 0) throw new NoEndorsers('no peer combination can satisfy the endorsement policy');
  return found;
}

function policiesOf({ ledger: { definitions } }: Channel, { chaincodes }: ChaincodeInterest): readonly Policy[] {
  const policies = chaincodes.flatMap(({ name, collectionNames, keyPolicies, disregardNamespacePolicy }) => {
    const own = collectionNames.flatMap((each) => definitions.collection(name, each)?.endorsement ?? []);
    const keys = keyPolicies.map(signaturePolicy);
    if (disregardNamespacePolicy && own.length + keys.length === 0) {
      throw new NoEndorsers(
        `requested to disregard chaincode ${name}'s policy but key and collection policies are missing, either disable DisregardNamespacePolicy or specify at least one key policy or at least one collection policy`,
      );
    }
    const namespace = disregardNamespacePolicy ? undefined : definitions.endorsement(name);
    return namespace === undefined ? [...own, ...keys] : [namespace, ...own, ...keys];
  });
  if (policies.length === 0) throw new NoEndorsers('no principal sets remained after filtering');
  return [...new Set(policies)];
}

function* choose(peers: readonly Peer[], size: number, from: number): Generator<readonly Peer[]> {
  if (size === 0) {
    yield [];
    return;
  }
  for (let i = from; i <= peers.length - size; i++) {
    for (const rest of choose(peers, size - 1, i + 1)) yield [peers[i]!, ...rest];
  }
}
