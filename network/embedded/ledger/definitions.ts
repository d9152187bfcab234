import { Fault } from '../../ledger/fault.ts';
import type { ParsedLedgerConfig } from './config.ts';
import type { AgreedChaincode } from './engine/lifecycle-state.ts';
import type { ChannelConfig } from './msp/channel-config.ts';
import { signaturePolicy } from './msp/policy.ts';
import { parsePolicy } from './msp/policy-text.ts';
import { ApplicationPolicy, CollectionPackage } from './wire/lifecycle.ts';

type Chaincode = ParsedLedgerConfig['chaincodes'][number];

/** The chaincodes that the configuration names, as a channel that is so configured has agreed upon them from its start. */
export function agreedChaincodes(chaincodes: readonly Chaincode[], channel: ChannelConfig): readonly AgreedChaincode[] {
  return chaincodes.map(({ name, version, sequence, policy, collections }) => ({
    name,
    version,
    sequence,
    initRequired: false,
    endorsementPlugin: 'escc',
    validationPlugin: 'vscc',
    validationParameter: ApplicationPolicy.encode(stated(policy, channel)),
    collections: CollectionPackage.encode({ collections: collections.map((each) => collection(each, channel)) }),
  }));
}

function stated(policy: Chaincode['policy'], channel: ChannelConfig) {
  if (typeof policy === 'string') {
    const parsed = parsePolicy(policy);
    signaturePolicy(parsed); // refuses what cannot be a policy before anything starts
    return { signaturePolicy: parsed };
  }
  if (channel.policies.find(policy.channelPolicy) !== undefined)
    return { channelConfigPolicyReference: policy.channelPolicy };
  throw new Fault('misconfigured', `The channel's configuration has no policy ${policy.channelPolicy}.`);
}

function collection(each: Chaincode['collections'][number], channel: ChannelConfig) {
  const { policy, endorsementPolicy, ...rest } = each;
  const endorsement = endorsementPolicy === undefined ? {} : { endorsementPolicy: stated(endorsementPolicy, channel) };
  return { static: { ...rest, ...endorsement, memberPolicy: { signaturePolicy: parsePolicy(policy) } } };
}
