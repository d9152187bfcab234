import type { ChaincodeCall } from '../engine/interest.ts';
import type { Ledger } from '../engine/ledger.ts';
import { type Policy, signaturePolicy } from '../msp/policy.ts';
import type { Peer } from './peer.ts';

const NO_COMBINATION = 'no combination of peers can be derived which satisfy the endorsement policy: ';

/** No set of peers can endorse this: Fabric's text. */
export class NoPlan extends Error {}

/** Sets of peers that together satisfy what a transaction needs, smallest first and those with `preferred` before others. */
export class Plan {
  readonly #policies: readonly Policy[];
  readonly #able: readonly Peer[];
  readonly #preferred: Peer | undefined;

  private constructor(policies: readonly Policy[], able: readonly Peer[], preferred: Peer | undefined) {
    this.#policies = policies;
    this.#able = able;
    this.#preferred = preferred;
  }

  /** Throws `NoPlan` where no set of the channel's peers would do. */
  static for(
    ledger: Ledger,
    channelId: string,
    calls: readonly ChaincodeCall[],
    peers: readonly Peer[],
    preferred?: Peer,
  ): Plan {
    const policies: Policy[] = [];
    let able = peers.filter(({ identity }) => identity !== undefined);
    for (const call of calls) {
      const endorsement = ledger.definitions.endorsement(call.name);
      if (endorsement === undefined) {
        throw new NoPlan(`${NO_COMBINATION}No metadata was found for chaincode ${call.name} in channel ${channelId}`);
      }
      able = able.filter((peer) => peer.has(call.name));
      policies.push(...call.keyPolicies.map(signaturePolicy));
      if (call.collectionNames.length === 0 && !call.disregardNamespacePolicy) policies.push(endorsement);
      for (const name of call.collectionNames) {
        const collection = ledger.definitions.collection(call.name, name);
        policies.push(collection?.endorsement ?? endorsement);
        if (!call.noPrivateReads) able = able.filter((peer) => collection?.members.has(peer.mspId) === true);
      }
    }
    const plan = new Plan(policies, able, preferred);
    if (plan.next(new Set()) !== undefined) return plan;
    const why =
      able.length < peers.length
        ? 'no peer combination can satisfy the endorsement policy'
        : 'cannot satisfy any principal combination';
    throw new NoPlan(`${NO_COMBINATION}${why}`);
  }

  /** The best set without the peers that have failed; `undefined` when none is left. */
  next(failed: ReadonlySet<Peer>): readonly Peer[] | undefined {
    const usable = this.#able.filter((peer) => !failed.has(peer));
    const preferred = this.#preferred;
    if (preferred === undefined || !usable.includes(preferred)) return this.#smallest(usable);
    const others = usable.filter((peer) => peer !== preferred);
    return this.#smallest(others, preferred) ?? this.#smallest(others);
  }

  /** The smallest set that satisfies; with `needed` in it and not satisfied without it. */
  #smallest(peers: readonly Peer[], needed?: Peer): readonly Peer[] | undefined {
    for (let size = 0; size <= peers.length; size++) {
      for (const chosen of combinations(peers, size)) {
        const set = needed === undefined ? chosen : [needed, ...chosen];
        if (this.#satisfiedBy(set) && (needed === undefined || !this.#satisfiedBy(chosen))) return set;
      }
    }
    return undefined;
  }

  #satisfiedBy(set: readonly Peer[]): boolean {
    const signers = set.flatMap(({ identity }) => identity ?? []);
    return set.length > 0 && this.#policies.every((policy) => policy.satisfiedBy(signers));
  }
}

function* combinations(peers: readonly Peer[], size: number, from = 0): Generator<readonly Peer[]> {
  if (size === 0) {
    yield [];
    return;
  }
  for (let i = from; i <= peers.length - size; i++) {
    for (const rest of combinations(peers, size - 1, i + 1)) yield [peers[i]!, ...rest];
  }
}
