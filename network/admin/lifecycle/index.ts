export {
  type ChaincodeDefinition,
  type CollectionDefinition,
  definitionArgs,
  type EndorsementRule,
} from './definition.ts';
export { type Deployment, type DeployRequest, deployChaincode } from './deploy.ts';
export {
  approveChaincode,
  type CommittedDefinition,
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
