import { ApplicationPolicy } from '../../ledger/messages/index.ts';
import { principalMsp, rolePrincipal, signatureEnvelope, signatureText } from '../config/policies.ts';
import { signaturePolicyFrom } from '../config/policy-text.ts';
import type { ChaincodeDefinition, CollectionDefinition, EndorsementRule } from './definition-schema.ts';
import { CollectionPackage } from './messages.ts';

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

/** A definition's endorsement policy in one line. */
export function endorsementText(validationParameter: Uint8Array): string {
  const { channelConfigPolicyReference, signaturePolicy } = ApplicationPolicy.decode(validationParameter);
  return signaturePolicy === undefined ? channelConfigPolicyReference : signatureText(signaturePolicy);
}

/** A definition's collections as they were agreed upon; members by MSP id. */
export function collectionsIn(bytes: Uint8Array): CollectionDefinition[] {
  return CollectionPackage.decode(bytes).collections.flatMap(({ collection }) => {
    if (collection === undefined) return [];
    const { endorsementPolicy: _, members, ...told } = collection;
    return [
      { ...told, members: (members?.signaturePolicy?.identities ?? []).flatMap((one) => principalMsp(one) ?? []) },
    ];
  });
}
