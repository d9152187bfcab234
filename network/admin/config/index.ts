export {
  type BftSigner,
  type ChannelConfig,
  type MspInConfig,
  readChannelConfig,
} from '../../ledger/verify/channel-config.ts';
export { ChannelDescription } from './channel-description.ts';
export { type DescribedConfig, type DescribedGroup, describeConfig, describeGroup } from './describe-config.ts';
export { channelGroup, genesisBlock } from './genesis-block.ts';
export { type OrdererEndpoint, ordererEndpoints } from './orderer-endpoints.ts';
export { bftQuorum, capabilitiesValue } from './ordering-group.ts';
export { anchorPeersValue, applicationGroup, mspValue, ordererGroup } from './organization-group.ts';
export {
  identityPrincipal,
  implicitPolicy,
  implicitPolicyFrom,
  policyText,
  rolePrincipal,
  signatureEnvelope,
  signaturePolicy,
  signatureText,
} from './policies.ts';
export { policyFrom, signaturePolicyFrom } from './policy-text.ts';
export { groupAt, newGroup, setPolicy, setValue } from './tree.ts';
