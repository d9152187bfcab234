/** Every REST operation. The router, the OpenAPI document and the checks read this one list. */
import type { Route } from '../http/route.ts';
import { listAccesses } from './access/list-accesses.ts';
import { adminRoutes } from './admin/index.ts';
import { auditVersion } from './custody/audit-version.ts';
import { getRepair } from './custody/get-repair.ts';
import { getStorage } from './custody/get-storage.ts';
import { repairVersion } from './custody/repair-version.ts';
import { getDataset } from './datasets/get-dataset.ts';
import { holdDataset } from './datasets/hold-dataset.ts';
import { registerDataset } from './datasets/register-dataset.ts';
import { releaseDataset } from './datasets/release-dataset.ts';
import { retireDataset } from './datasets/retire-dataset.ts';
import { searchDatasets } from './datasets/search-datasets.ts';
import { advanceDeparture } from './departures/advance-departure.ts';
import { getDeparture } from './departures/get-departure.ts';
import { getDatasetErasure } from './erasures/get-dataset-erasure.ts';
import { getDatasetErasureImpact } from './erasures/get-dataset-erasure-impact.ts';
import { getVersionErasure } from './erasures/get-version-erasure.ts';
import { getVersionErasureImpact } from './erasures/get-version-erasure-impact.ts';
import { requestDatasetErasure } from './erasures/request-dataset-erasure.ts';
import { requestVersionErasure } from './erasures/request-version-erasure.ts';
import { watchEvents } from './events/watch-events.ts';
import { getEvidence } from './evidence/get-evidence.ts';
import { checkGrant } from './grants/check-grant.ts';
import { getGrant } from './grants/get-grant.ts';
import { getGrantImpact } from './grants/get-grant-impact.ts';
import { issueGrant } from './grants/issue-grant.ts';
import { listGrants } from './grants/list-grants.ts';
import { refuseGrant } from './grants/refuse-grant.ts';
import { requestGrant } from './grants/request-grant.ts';
import { revokeGrant } from './grants/revoke-grant.ts';
import { getMetrics } from './health/get-metrics.ts';
import { sayAlive } from './health/say-alive.ts';
import { sayReady } from './health/say-ready.ts';
import { cancelJob } from './jobs/cancel-job.ts';
import { getJob } from './jobs/get-job.ts';
import { getResults } from './jobs/get-results.ts';
import { listJobs } from './jobs/list-jobs.ts';
import { requestJob } from './jobs/request-job.ts';
import { getLineage } from './lineage/get-lineage.ts';
import { approveModel } from './models/approve-model.ts';
import { getModel } from './models/get-model.ts';
import { listModels } from './models/list-models.ts';
import { publishModelVersion } from './models/publish-model-version.ts';
import { registerModel } from './models/register-model.ts';
import { revokeModel } from './models/revoke-model.ts';
import { drainComputeNode } from './nodes/drain-compute-node.ts';
import { drainStorageNode } from './nodes/drain-storage-node.ts';
import { expelStorageNode } from './nodes/expel-storage-node.ts';
import { leaveComputeNode } from './nodes/leave-compute-node.ts';
import { leaveStorageNode } from './nodes/leave-storage-node.ts';
import { listComputeNodes } from './nodes/list-compute-nodes.ts';
import { listStorageNodes } from './nodes/list-storage-nodes.ts';
import { registerComputeNode } from './nodes/register-compute-node.ts';
import { registerStorageNode } from './nodes/register-storage-node.ts';
import { getDocument } from './openapi/get-document.ts';
import { getProblem } from './openapi/get-problem.ts';
import { getKeys } from './organizations/get-keys.ts';
import { listOrganizations } from './organizations/list-organizations.ts';
import { rotateKey } from './organizations/rotate-key.ts';
import { definePurposes } from './purposes/define-purposes.ts';
import { getPurposes } from './purposes/get-purposes.ts';
import { giveQuota } from './quotas/give-quota.ts';
import { listQuotas } from './quotas/list-quotas.ts';
import { getTransaction } from './transactions/get-transaction.ts';
import { getContent } from './versions/get-content.ts';
import { getVersion } from './versions/get-version.ts';
import { listVersions } from './versions/list-versions.ts';
import { publishVersion } from './versions/publish-version.ts';

export const routes: readonly Route[] = [
  sayAlive,
  sayReady,
  getMetrics,
  getDocument,
  getProblem,
  listOrganizations,
  getKeys,
  rotateKey,
  getDeparture,
  advanceDeparture,
  getPurposes,
  definePurposes,
  registerDataset,
  searchDatasets,
  getDataset,
  retireDataset,
  holdDataset,
  releaseDataset,
  getDatasetErasureImpact,
  requestDatasetErasure,
  getDatasetErasure,
  requestGrant,
  listGrants,
  checkGrant,
  getGrant,
  getGrantImpact,
  issueGrant,
  refuseGrant,
  revokeGrant,
  registerModel,
  listModels,
  getModel,
  publishModelVersion,
  approveModel,
  revokeModel,
  registerStorageNode,
  listStorageNodes,
  drainStorageNode,
  leaveStorageNode,
  listQuotas,
  giveQuota,
  expelStorageNode,
  registerComputeNode,
  listComputeNodes,
  drainComputeNode,
  leaveComputeNode,
  listAccesses,
  getLineage,
  getTransaction,
  watchEvents,
  publishVersion,
  listVersions,
  getVersion,
  getContent,
  requestJob,
  listJobs,
  getJob,
  cancelJob,
  getResults,
  getEvidence,
  getStorage,
  auditVersion,
  repairVersion,
  getRepair,
  ...adminRoutes,
  getVersionErasureImpact,
  requestVersionErasure,
  getVersionErasure,
];
