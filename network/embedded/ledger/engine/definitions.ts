import type { Policy } from '../msp/policy.ts';

/** The namespace in which the channel keeps what it agreed about chaincodes. */
export const LIFECYCLE = '_lifecycle';

/** A collection of private data: who holds its plaintext and who may touch it through a chaincode. */
export interface CollectionDefinition {
  readonly name: string;
  /** Organizations whose peers hold the plaintext. */
  readonly members: ReadonlySet<string>;
  readonly memberOnlyRead: boolean;
  readonly memberOnlyWrite: boolean;
  /** For how many blocks after its own a value lives; 0 for ever. */
  readonly blockToLive: number;
  /** Replaces the chaincode's policy for writes to this collection. */
  readonly endorsement: Policy | undefined;
}

/** What the channel has agreed a chaincode to be. */
export interface ChaincodeDefinition {
  readonly name: string;
  readonly version: string;
  readonly sequence: number;
  readonly endorsement: Policy;
  readonly collections: ReadonlyMap<string, CollectionDefinition>;
}

/** The chaincodes of a channel, and the collections that every organization has without their being named. */
export class Definitions {
  readonly #chaincodes: ReadonlyMap<string, ChaincodeDefinition>;
  readonly #lifecycle: Policy;
  readonly #implicit: ReadonlyMap<string, CollectionDefinition>;

  /** `lifecycle`: who must endorse agreements on chaincodes. `members`: each member's MSP id with the policy that guards writes into its own implicit collection. */
  constructor(chaincodes: readonly ChaincodeDefinition[], members: ReadonlyMap<string, Policy>, lifecycle: Policy) {
    this.#lifecycle = lifecycle;
    this.#chaincodes = new Map(chaincodes.map((definition) => [definition.name, definition]));
    this.#implicit = new Map(
      [...members].map(([mspId, endorsement]) => {
        const name = `_implicit_org_${mspId}`;
        const flags = { memberOnlyRead: false, memberOnlyWrite: false, blockToLive: 0 };
        return [name, { name, members: new Set([mspId]), ...flags, endorsement }];
      }),
    );
  }

  find(name: string): ChaincodeDefinition | undefined {
    return this.#chaincodes.get(name);
  }

  /** Who must endorse writes into a namespace; `undefined` where there is none of that name. */
  endorsement(namespace: string): Policy | undefined {
    return namespace === LIFECYCLE ? this.#lifecycle : this.#chaincodes.get(namespace)?.endorsement;
  }

  all(): Iterable<ChaincodeDefinition> {
    return this.#chaincodes.values();
  }

  collection(chaincode: string, name: string): CollectionDefinition | undefined {
    const definition = this.#chaincodes.get(chaincode);
    if (definition === undefined) return undefined;
    return definition.collections.get(name) ?? this.#implicit.get(name);
  }
}
