export { approveInForce } from './approve-in-force.ts';
export { definitionArgs } from './definition.ts';
export { ChaincodeDefinition, CollectionDefinition, EndorsementRule } from './definition-schema.ts';
export { approveOnce, commitWhenAgreed, type Deployment, type DeployRequest, deployChaincode } from './deploy.ts';
export {
  type ApprovedDefinition,
  approveChaincode,
  approvedDefinition,
  type ChaincodeInForce,
  type CommittedDefinition,
  chaincodesInForce,
  commitChaincode,
  commitReadiness,
  committedDefinition,
  type InstalledPackage,
  installChaincode,
  installedPackages,
  type OrderingRequest,
} from './lifecycle.ts';
export { ApproveArgs, DefinitionArgs } from './messages.ts';
export { type ChaincodePackage, packageChaincode } from './package.ts';
