import { bool, bytes, int32, list, message, nested, string, uint64, type Wire } from './message.ts';
import { SignaturePolicyEnvelope } from './policy.ts';

// What a channel agrees upon about chaincodes (fabric-protos `peer/lifecycle`, `peer/collection`, `peer/policy`).

export const EndorsementInfo = message('ChaincodeEndorsementInfo', {
  version: string(1),
  initRequired: bool(2),
  endorsementPlugin: string(3),
});
export const ValidationInfo = message('ChaincodeValidationInfo', {
  validationPlugin: string(1),
  validationParameter: bytes(2),
});
export const StateMetadata = message('StateMetadata', { datatype: string(1), fields: list(string(2)) });
/** One of the three is set, even where it is empty: read with this, written by hand. */
export const StateData = message('StateData', { int64: uint64(1), bytes: bytes(2), string: string(3) });

/** A signature policy, or else the path of one of the channel's. */
export const ApplicationPolicy = message('ApplicationPolicy', {
  signaturePolicy: nested(1, () => SignaturePolicyEnvelope),
  channelConfigPolicyReference: string(2),
});
const MemberPolicy = message('CollectionPolicyConfig', { signaturePolicy: nested(1, () => SignaturePolicyEnvelope) });
export const StaticCollection = message('StaticCollectionConfig', {
  name: string(1),
  memberPolicy: nested(2, () => MemberPolicy),
  requiredPeerCount: int32(3),
  maximumPeerCount: int32(4),
  blockToLive: uint64(5),
  memberOnlyRead: bool(6),
  memberOnlyWrite: bool(7),
  endorsementPolicy: nested(8, () => ApplicationPolicy),
});
export const Collection = message('CollectionConfig', { static: nested(1, () => StaticCollection) });
export const CollectionPackage = message('CollectionConfigPackage', { collections: list(nested(1, () => Collection)) });

export type StaticCollection = Wire<typeof StaticCollection>;
