import { bool, bytes, int32, list, map, message, nested, string, uint64, type Wire } from './message.ts';
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

// Arguments and results of `_lifecycle`. Collections and policies stay bytes: they are hashed as they came.

const BoolEntry = message('BoolEntry', { key: string(1), value: bool(2) });
const ReferencedChaincode = message('Chaincode', { name: string(1), version: string(2) });
const References = message('References', { chaincodes: list(nested(1, () => ReferencedChaincode)) });
const ReferencesEntry = message('ReferencesEntry', { key: string(1), value: nested(2, () => References) });

export const InstallChaincodeArgs = message('InstallChaincodeArgs', { chaincodeInstallPackage: bytes(1) });
export const PackageIdArgs = message('QueryInstalledChaincodeArgs', { packageId: string(1) });
/** Also the result of `InstallChaincode`, where nothing refers to the package yet. */
export const InstalledChaincode = message('InstalledChaincode', {
  packageId: string(1),
  label: string(2),
  references: map(3, () => ReferencesEntry),
});
export const InstalledChaincodes = message('QueryInstalledChaincodesResult', {
  installed: list(nested(1, () => InstalledChaincode)),
});

const LocalPackage = message('Local', { packageId: string(1) });
const Unavailable = message('Unavailable', {});
const ChaincodeSource = message('ChaincodeSource', {
  unavailable: nested(1, () => Unavailable),
  local: nested(2, () => LocalPackage),
});
const definition = {
  endorsementPlugin: string(4),
  validationPlugin: string(5),
  validationParameter: bytes(6),
  collections: bytes(7),
  initRequired: bool(8),
};
/** Of `CheckCommitReadiness` and `CommitChaincodeDefinition`; `ApproveChaincodeDefinitionForMyOrg` also says the source. */
export const DefinitionArgs = message('ApproveChaincodeDefinitionForMyOrgArgs', {
  sequence: uint64(1),
  name: string(2),
  version: string(3),
  ...definition,
  source: nested(9, () => ChaincodeSource),
});
export const NameArgs = message('QueryApprovedChaincodeDefinitionArgs', { name: string(1), sequence: uint64(2) });
const agreed = {
  sequence: uint64(1),
  version: string(2),
  endorsementPlugin: string(3),
  validationPlugin: string(4),
  validationParameter: bytes(5),
  collections: bytes(6),
  initRequired: bool(7),
};
export const ApprovedDefinition = message('QueryApprovedChaincodeDefinitionResult', {
  ...agreed,
  source: nested(8, () => ChaincodeSource),
});
export const CommittedDefinition = message('QueryChaincodeDefinitionResult', {
  ...agreed,
  approvals: map(8, () => BoolEntry),
});
const NamedDefinition = message('ChaincodeDefinition', {
  name: string(1),
  sequence: uint64(2),
  version: string(3),
  ...definition,
});
export const CommittedDefinitions = message('QueryChaincodeDefinitionsResult', {
  definitions: list(nested(1, () => NamedDefinition)),
});
export const Readiness = message('CheckCommitReadinessResult', { approvals: map(1, () => BoolEntry) });

export type DefinitionArgs = Wire<typeof DefinitionArgs>;
