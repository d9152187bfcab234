import { ApplicationPolicy, SignaturePolicyEnvelope } from '../../ledger/messages/index.ts';
import { bool, bytes, list, map, message, nested, string, stringList, uint } from '../../ledger/messages/message.ts';

/** Arguments and answers of `_lifecycle` (fabric-protos peer/lifecycle/lifecycle.proto). */
export const InstallChaincodeArgs = message({ chaincodeInstallPackage: bytes(1) });
export const InstallChaincodeResult = message({ packageId: string(1), label: string(2) });

const Installed = message({ packageId: string(1), label: string(2) });
export const QueryInstalledResult = message({ installed: list(1, () => Installed) });

const definition = {
  sequence: uint(1),
  name: string(2),
  version: string(3),
  endorsementPlugin: string(4),
  validationPlugin: string(5),
  validationParameter: bytes(6),
  collections: bytes(7),
  initRequired: bool(8),
};
const LocalSource = message({ packageId: string(1) });
const Unavailable = message({});
const ChaincodeSource = message({ unavailable: nested(1, () => Unavailable), local: nested(2, () => LocalSource) });
export const DefinitionArgs = message(definition);
export const ApproveArgs = message({ ...definition, source: nested(9, () => ChaincodeSource) });

/** A `map<string, bool>` value: one varint, so it is read as a number. */
const Approvals = message({ key: string(1), value: bool(2) });
const Mismatches = message({ items: stringList(1) });
export const ReadinessResult = message({ approvals: list(1, () => Approvals), mismatches: map(2, () => Mismatches) });

export const QueryDefinitionArgs = message({ name: string(1) });
export const QueryDefinitionResult = message({
  sequence: uint(1),
  version: string(2),
  endorsementPlugin: string(3),
  validationPlugin: string(4),
  validationParameter: bytes(5),
  collections: bytes(6),
  initRequired: bool(7),
  approvals: list(8, () => Approvals),
});

export const QueryApprovedArgs = message({ name: string(1), sequence: uint(2) });
export const QueryApprovedResult = message({
  sequence: uint(1),
  version: string(2),
  validationParameter: bytes(5),
  collections: bytes(6),
  source: nested(8, () => ChaincodeSource),
});

const NamedDefinition = message({
  name: string(1),
  sequence: uint(2),
  version: string(3),
  endorsementPlugin: string(4),
  validationPlugin: string(5),
  validationParameter: bytes(6),
  collections: bytes(7),
  initRequired: bool(8),
});
export const QueryDefinitionsResult = message({ definitions: list(1, () => NamedDefinition) });

const CollectionPolicy = message({ signaturePolicy: nested(1, () => SignaturePolicyEnvelope) });
const StaticCollection = message({
  name: string(1),
  members: nested(2, () => CollectionPolicy),
  requiredPeerCount: uint(3),
  maximumPeerCount: uint(4),
  blockToLive: uint(5),
  memberOnlyRead: bool(6),
  memberOnlyWrite: bool(7),
  endorsementPolicy: nested(8, () => ApplicationPolicy),
});
const Collection = message({ collection: nested(1, () => StaticCollection) });
/** Private data collections (fabric-protos peer/collection.proto). */
export const CollectionPackage = message({ collections: list(1, () => Collection) });
