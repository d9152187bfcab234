import { AccessContract } from './access-contract.ts';
import { AuditContract } from './audit-contract.ts';
import { ComputeNodeContract } from './compute-node-contract.ts';
import { DatasetContract } from './dataset-contract.ts';
import { GrantContract } from './grant-contract.ts';
import { JobContract } from './job-contract.ts';
import { KeyContract } from './key-contract.ts';
import { ModelContract } from './model-contract.ts';
import { OrganizationContract, PurposeContract } from './organization-contract.ts';
import { PartitionContract } from './partition-contract.ts';
import { StorageNodeContract } from './storage-node-contract.ts';

/** Every contract of the chaincode `dcloud`, one per aggregate. */
export const contracts = [
  OrganizationContract,
  PurposeContract,
  DatasetContract,
  GrantContract,
  ModelContract,
  JobContract,
  PartitionContract,
  StorageNodeContract,
  ComputeNodeContract,
  AccessContract,
  AuditContract,
  KeyContract,
];
