export type { ChaincodeDefinition, CollectionDefinition, EndorsementRule } from './definition.ts';
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
export { type ChaincodePackage, packageChaincode } from './package.ts';
