import { randomBytes } from 'node:crypto';
import {
  Acls,
  Block,
  BlockDataHashingStructure,
  ChannelHeader,
  ConfigEnvelope,
  type ConfigGroup,
  Envelope,
  HashingAlgorithm,
  headerTypes,
  LastConfig,
  Metadata,
  OrdererBlockMetadata,
  Payload,
  SignatureHeader,
} from '../../ledger/messages/index.ts';
import { sha256 } from '../../ledger/signing.ts';
import { type ChannelDescription, type ParsedChannel, parseChannel } from './channel-description.ts';
import { capabilitiesValue, orderingGroup } from './ordering-group.ts';
import { applicationGroup } from './organization-group.ts';
import { implicitPolicy, implicitPolicyFrom } from './policies.ts';
import { newGroup, setPolicy, setValue } from './tree.ts';

/** The whole configuration tree of a new channel. */
export function channelGroup(channel: ParsedChannel): ConfigGroup {
  const root = newGroup();
  setPolicy(root, 'Readers', implicitPolicy('ANY', 'Readers'));
  setPolicy(root, 'Writers', implicitPolicy('ANY', 'Writers'));
  setPolicy(root, 'Admins', implicitPolicy('MAJORITY', 'Admins'));
  setValue(root, 'HashingAlgorithm', HashingAlgorithm.encode({ name: 'SHA256' }));
  setValue(root, 'BlockDataHashingStructure', BlockDataHashingStructure.encode({ width: 0xffffffff }));
  setValue(root, 'Capabilities', capabilitiesValue(channel.capabilities.channel));
  root.groups.set('Orderer', orderingGroup(channel));
  root.groups.set('Application', membersGroup(channel));
  return root;
}

function membersGroup(channel: ParsedChannel): ConfigGroup {
  const group = newGroup();
  setPolicy(group, 'Readers', implicitPolicy('ANY', 'Readers'));
  setPolicy(group, 'Writers', implicitPolicy('ANY', 'Writers'));
  for (const [name, text] of Object.entries(channel.applicationPolicies)) {
    setPolicy(group, name, implicitPolicyFrom(text));
  }
  setValue(group, 'Capabilities', capabilitiesValue(channel.capabilities.application));
  const acls = Object.entries(channel.acls);
  if (acls.length > 0) {
    setValue(group, 'ACLs', Acls.encode({ acls: new Map(acls.map(([name, policyRef]) => [name, { policyRef }])) }));
  }
  for (const { mspId, roots, anchorPeers } of channel.organizations) {
    group.groups.set(mspId, applicationGroup(mspId, roots, anchorPeers));
  }
  return group;
}

/**
 * A channel's first block (bytes of `common.Block`), the same for orderers, peers and the embedded ledger. `now` is its
 * timestamp; the nonce makes two channels of one description differ.
 */
export function genesisBlock(
  description: ChannelDescription,
  now: Date,
  nonce: Uint8Array = randomBytes(24),
): Uint8Array {
  const channel = parseChannel(description);
  const config = ConfigEnvelope.encode({ config: { sequence: 0, channelGroup: channelGroup(channel) } });
  const channelHeader = ChannelHeader.encode({
    type: headerTypes.config,
    version: 1,
    channelId: channel.channel,
    txId: sha256(nonce).toString('hex'),
    timestamp: { seconds: Math.floor(now.getTime() / 1000), nanos: 0 },
  });
  const header = { channelHeader, signatureHeader: SignatureHeader.encode({ nonce }) };
  const envelope = Envelope.encode({ payload: Payload.encode({ header, data: config }) });
  const lastConfig = { index: 0 };
  const signatures = Metadata.encode({ value: OrdererBlockMetadata.encode({ lastConfig }) });
  const empty = new Uint8Array(0);
  return Block.encode({
    header: { number: 0, previousHash: empty, dataHash: sha256(envelope) },
    data: { data: [envelope] },
    metadata: {
      metadata: [signatures, Metadata.encode({ value: LastConfig.encode(lastConfig) }), empty, empty, empty],
    },
  });
}
