import {
  BatchSize,
  BatchTimeout,
  BftConsenters,
  BftOptions,
  Capabilities,
  ChannelRestrictions,
  type ConfigGroup,
  ConsensusType,
  RaftMetadata,
} from '../../ledger/messages/index.ts';
import type { ParsedChannel } from './channel-description.ts';
import { hostAndPort, ordererGroup } from './organization-group.ts';
import { identityPrincipal, implicitPolicy, signaturePolicy } from './policies.ts';
import { newGroup, setPolicy, setValue } from './tree.ts';

const raftOptions = {
  tickInterval: '500ms',
  electionTick: 10,
  heartbeatTick: 1,
  maxInflightBlocks: 5,
  snapshotIntervalSize: 16 << 20,
};

/** Times are lowered from smartbft's defaults, with which a dead first orderer stops the channel for 22 seconds. */
function bftOptions(batch: ParsedChannel['batch']) {
  return {
    requestBatchMaxCount: batch.maxMessageCount,
    requestBatchMaxBytes: batch.absoluteMaxBytes,
    requestBatchMaxInterval: '50ms',
    incomingMessageBufferSize: 200,
    requestPoolSize: 400,
    requestForwardTimeout: '1s',
    requestComplainTimeout: '5s',
    requestAutoRemoveTimeout: '3m0s',
    requestMaxBytes: batch.absoluteMaxBytes,
    viewChangeResendInterval: '5s',
    viewChangeTimeout: '20s',
    leaderHeartbeatTimeout: '1m0s',
    leaderHeartbeatCount: 10,
    collectTimeout: '1s',
    leaderRotation: 1,
  };
}

/** /Channel/Orderer: who orders, how blocks are cut, and one group per ordering organization. */
export function orderingGroup(channel: ParsedChannel): ConfigGroup {
  const group = newGroup();
  setPolicy(group, 'Readers', implicitPolicy('ANY', 'Readers'));
  setPolicy(group, 'Writers', implicitPolicy('ANY', 'Writers'));
  setPolicy(group, 'Admins', implicitPolicy('MAJORITY', 'Admins'));
  setPolicy(group, 'BlockValidation', implicitPolicy('ANY', 'Writers'));
  const { batch } = channel;
  setValue(group, 'BatchSize', BatchSize.encode(batch));
  setValue(group, 'BatchTimeout', BatchTimeout.encode({ timeout: batch.timeout }));
  setValue(group, 'ChannelRestrictions', ChannelRestrictions.encode({}));
  setValue(group, 'Capabilities', capabilitiesValue(channel.capabilities.orderer));
  if (channel.consensus === 'bft') setBft(group, channel);
  else setRaft(group, channel.consenters);
  for (const { mspId, roots, ordererEndpoints } of channel.organizations) {
    if (ordererEndpoints.length > 0) group.groups.set(mspId, ordererGroup(mspId, roots, ordererEndpoints));
  }
  return group;
}

function setRaft(group: ConfigGroup, consenters: ParsedChannel['consenters']): void {
  const metadata = RaftMetadata.encode({
    consenters: consenters.map(({ address, tlsCertificate }) => {
      const certificate = Buffer.from(tlsCertificate);
      return { ...hostAndPort(address), clientTlsCert: certificate, serverTlsCert: certificate };
    }),
    options: raftOptions,
  });
  setValue(group, 'ConsensusType', ConsensusType.encode({ type: 'etcdraft', metadata }));
}

/** BlockValidation must then be exactly a quorum of the mapped identities, in their order, or orderers refuse the block. */
function setBft(group: ConfigGroup, channel: ParsedChannel): void {
  const { consenters } = channel;
  const consenterMapping = consenters.map(({ mspId, address, tlsCertificate, certificate }, index) => {
    const tls = Buffer.from(tlsCertificate);
    const identity = Buffer.from(certificate!);
    return { id: index + 1, ...hostAndPort(address), mspId, identity, clientTlsCert: tls, serverTlsCert: tls };
  });
  setValue(group, 'Orderers', BftConsenters.encode({ consenterMapping }));
  const principals = consenters.map(({ mspId, certificate }) => identityPrincipal(mspId, certificate!));
  setPolicy(group, 'BlockValidation', signaturePolicy(principals, bftQuorum(consenters.length)));
  const metadata = BftOptions.encode(bftOptions(channel.batch));
  setValue(group, 'ConsensusType', ConsensusType.encode({ type: 'BFT', metadata }));
}

/** How many of `n` consenters must sign a block: ceil((n + f + 1) / 2) with f = floor((n − 1) / 3). */
export function bftQuorum(n: number): number {
  return Math.ceil((n + Math.floor((n - 1) / 3) + 1) / 2);
}

export function capabilitiesValue(...names: string[]): Uint8Array {
  return Capabilities.encode({ capabilities: new Map(names.map((name) => [name, {}])) });
}
