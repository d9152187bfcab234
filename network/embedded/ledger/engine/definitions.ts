import type { ChannelConfig } from '../msp/channel-config.ts';
import { type Policy, signaturePolicy } from '../msp/policy.ts';
import { SerializedIdentity } from '../wire/envelope.ts';
import { ApplicationPolicy, CollectionPackage, type StaticCollection } from '../wire/lifecycle.ts';
import type { Wire } from '../wire/message.ts';
import { MspRole, OrganizationUnit, PrincipalClassification } from '../wire/policy.ts';
import type { AgreedChaincode } from './lifecycle-state.ts';

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
  /** Agreed upon by the ledger's own configuration, not by the organizations through `_lifecycle`. */
  readonly fromStart: boolean;
  /** It answers nothing until an invocation has initialized this version. */
  readonly initRequired: boolean;
  readonly endorsement: Policy;
  readonly collections: ReadonlyMap<string, CollectionDefinition>;
}

const IMPLICIT = '_implicit_org_';
export const implicitCollection = (mspId: string): string => `${IMPLICIT}${mspId}`;

const nobody = (why: string): Policy => ({ satisfiedBy: () => false, refusal: () => why });

/**
 * The chaincodes of a channel as agreed by now, and the collections that every member has without their being named. Policies
 * that name one of the channel's follow its configuration.
 */
export class Definitions {
  readonly #config: () => ChannelConfig;
  readonly #chaincodes = new Map<string, ChaincodeDefinition>();

  /** `config` gives the configuration in force. */
  constructor(config: () => ChannelConfig) {
    this.#config = config;
  }

  /** Puts an agreement in force, in place of the one before. */
  agree(agreed: AgreedChaincode, { fromStart = false } = {}): void {
    const { name, version, sequence, initRequired } = agreed;
    const endorsement = this.#policy(agreed.validationParameter);
    const collections = CollectionPackage.decode(agreed.collections).collections.flatMap(({ static: each }) =>
      each === undefined ? [] : [[each.name, this.#collection(each)] as const],
    );
    this.#chaincodes.set(name, {
      name,
      version,
      sequence,
      fromStart,
      initRequired,
      endorsement,
      collections: new Map(collections),
    });
  }

  find(name: string): ChaincodeDefinition | undefined {
    return this.#chaincodes.get(name);
  }

  /** Who must endorse writes into a namespace; `undefined` where there is none of that name. */
  endorsement(namespace: string): Policy | undefined {
    if (namespace !== LIFECYCLE) return this.#chaincodes.get(namespace)?.endorsement;
    return this.#config().policies.at('/Channel/Application/LifecycleEndorsement');
  }

  all(): Iterable<ChaincodeDefinition> {
    return this.#chaincodes.values();
  }

  collection(chaincode: string, name: string): CollectionDefinition | undefined {
    const definition = this.#chaincodes.get(chaincode);
    if (definition === undefined && chaincode !== LIFECYCLE) return undefined;
    return definition?.collections.get(name) ?? this.#implicit(name);
  }

  /** The policy that guards an organization's implicit collection lies under its group's name, not its MSP id. */
  #implicit(name: string): CollectionDefinition | undefined {
    const mspId = name.startsWith(IMPLICIT) ? name.slice(IMPLICIT.length) : '';
    const { groupOf, policies } = this.#config();
    const group = groupOf.get(mspId);
    if (group === undefined) return undefined;
    const endorsement = policies.at(`/Channel/Application/${group}/Endorsement`);
    return {
      name,
      members: new Set([mspId]),
      memberOnlyRead: false,
      memberOnlyWrite: false,
      blockToLive: 0,
      endorsement,
    };
  }

  #collection(each: StaticCollection): CollectionDefinition {
    const { name, memberOnlyRead, memberOnlyWrite, blockToLive, endorsementPolicy } = each;
    const endorsement = endorsementPolicy === undefined ? undefined : this.#applicationPolicy(endorsementPolicy);
    return { name, members: membersOf(each), memberOnlyRead, memberOnlyWrite, blockToLive, endorsement };
  }

  #policy(parameter: Buffer): Policy {
    try {
      return this.#applicationPolicy(ApplicationPolicy.decode(parameter));
    } catch (cause) {
      return nobody(`the chaincode's policy cannot be read: ${(cause as Error).message}`);
    }
  }

  #applicationPolicy(stated: Wire<typeof ApplicationPolicy>): Policy {
    if (stated.signaturePolicy !== undefined) return signaturePolicy(stated.signaturePolicy);
    const path = stated.channelConfigPolicyReference;
    const now = (): Policy => this.#config().policies.at(path);
    return { satisfiedBy: (signers) => now().satisfiedBy(signers), refusal: (signers) => now().refusal(signers) };
  }
}

/** The organizations that a collection's policy names: their peers are its members, whatever the policy's rule. */
function membersOf({ memberPolicy }: StaticCollection): ReadonlySet<string> {
  const principals = memberPolicy?.signaturePolicy?.identities ?? [];
  return new Set(
    principals.map(({ classification, principal }) => {
      if (classification === PrincipalClassification.ROLE) return MspRole.decode(principal).mspId;
      if (classification === PrincipalClassification.ORGANIZATION_UNIT) return OrganizationUnit.decode(principal).mspId;
      return SerializedIdentity.decode(principal).mspId;
    }),
  );
}
