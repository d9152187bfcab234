import { ApplicationPolicy } from '../../ledger/messages/index.ts';
import { rolePrincipal, signatureEnvelope } from '../config/policies.ts';
import { signaturePolicyFrom } from '../config/policy-text.ts';
import { CollectionPackage } from './messages.ts';

/** A private data collection: whose peers hold the plaintext, and for how many blocks. */
export interface CollectionDefinition {
  readonly name: string;
  /** MSP ids of the members. */
  readonly members: readonly string[];
  readonly requiredPeerCount: number;
  readonly maximumPeerCount: number;
  /** Blocks until the data is purged; 0 keeps it for ever. */
  readonly blockToLive: number;
  readonly memberOnlyRead: boolean;
  readonly memberOnlyWrite: boolean;
}

/** Who must endorse: a policy of the channel by path, or a signature policy such as `AND('A.peer','B.peer')`. */
export type EndorsementRule =
  | { readonly kind: 'channel-policy'; readonly path: string }
  | { readonly kind: 'signatures'; readonly rule: string };

/** What organizations agree upon before a chaincode runs. Sequence counts from 1 and goes up by one with each change. */
export interface ChaincodeDefinition {
  readonly channel: string;
  readonly name: string;
  readonly version: string;
  readonly sequence: number;
  /** MAJORITY of the organizations' peers when not given. */
  readonly endorsement?: EndorsementRule;
  readonly collections?: readonly CollectionDefinition[];
}

const majority: EndorsementRule = { kind: 'channel-policy', path: '/Channel/Application/Endorsement' };

/** The definition as `_lifecycle` takes it. */
export function definitionArgs(definition: ChaincodeDefinition) {
  const { sequence, name, version, collections = [] } = definition;
  return {
    sequence,
    name,
    version,
    endorsementPlugin: 'escc',
    validationPlugin: 'vscc',
    validationParameter: endorsementBytes(definition.endorsement ?? majority),
    ...(collections.length === 0 ? {} : { collections: collectionBytes(collections) }),
  };
}

function endorsementBytes(rule: EndorsementRule): Uint8Array {
  if (rule.kind === 'channel-policy') return ApplicationPolicy.encode({ channelConfigPolicyReference: rule.path });
  return ApplicationPolicy.encode({ signaturePolicy: signaturePolicyFrom(rule.rule) });
}

function collectionBytes(collections: readonly CollectionDefinition[]): Uint8Array {
  return CollectionPackage.encode({
    collections: collections.map(({ members, ...collection }) => {
      const principals = members.map((mspId) => rolePrincipal(mspId, 'member'));
      return { collection: { ...collection, members: { signaturePolicy: signatureEnvelope(principals, 1) } } };
    }),
  });
}
