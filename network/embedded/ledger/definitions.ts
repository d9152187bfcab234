import { Fault } from '../../ledger/fault.ts';
import type { ParsedLedgerConfig } from './config.ts';
import { type ChaincodeDefinition, type CollectionDefinition, Definitions } from './engine/definitions.ts';
import type { ChannelConfig } from './msp/channel-config.ts';
import { type Policy, signaturePolicy } from './msp/policy.ts';
import { parsePolicy } from './msp/policy-text.ts';
import { MspRole } from './wire/policy.ts';

type Chaincode = ParsedLedgerConfig['chaincodes'][number];

/** The chaincodes that the configuration names, their policies resolved against the channel's. */
export function definitionsOf(chaincodes: readonly Chaincode[], channel: ChannelConfig): Definitions {
  const endorsement = (policy: Chaincode['policy']): Policy => {
    if (typeof policy === 'string') return signaturePolicy(parsePolicy(policy));
    const found = channel.policies.find(policy.channelPolicy);
    if (found !== undefined) return found;
    throw new Fault('misconfigured', `The channel's configuration has no policy ${policy.channelPolicy}.`);
  };
  const collection = (each: Chaincode['collections'][number]): CollectionDefinition => ({
    name: each.name,
    members: membersOf(each.policy),
    memberOnlyRead: each.memberOnlyRead,
    memberOnlyWrite: each.memberOnlyWrite,
    blockToLive: each.blockToLive,
    endorsement: each.endorsementPolicy === undefined ? undefined : endorsement(each.endorsementPolicy),
  });
  const defined = chaincodes.map(
    ({ name, version, sequence, policy, collections }): ChaincodeDefinition => ({
      name,
      version,
      sequence,
      endorsement: endorsement(policy),
      collections: new Map(collections.map((each) => [each.name, collection(each)])),
    }),
  );
  const members = channel.members.map(
    (mspId) => [mspId, channel.policies.at(endorsementPath(channel, mspId))] as const,
  );
  return new Definitions(defined, new Map(members), channel.policies.at('/Channel/Application/LifecycleEndorsement'));
}

/** The policy that guards an organization's implicit collection lies under its group's name, not its MSP id. */
const endorsementPath = ({ groupOf }: ChannelConfig, mspId: string): string =>
  `/Channel/Application/${groupOf.get(mspId) ?? mspId}/Endorsement`;

function membersOf(policy: string): ReadonlySet<string> {
  return new Set(parsePolicy(policy).identities.map(({ principal }) => MspRole.decode(principal).mspId));
}
