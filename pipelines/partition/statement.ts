import {
  batchPlan,
  batchPlanDigest,
  type Claim,
  type ComputeNodeRecord,
  type InferenceStatement,
  inferencePredicateType,
  type JobRecord,
  jobSpecDigest,
  type ModelVersionName,
  type ModelVersionRecord,
  type NodeClass,
  type PartitionRecord,
  statementType,
  type VersionRecord,
} from '@d-cloud/chaincode/domain';
import type { RuntimeInfo } from '../infer/index.ts';

/** What the ledger fixed for one partition before it was run. */
export type PartitionTask = {
  readonly channel: string;
  readonly job: JobRecord;
  readonly partition: PartitionRecord;
  readonly claim: Claim;
  readonly version: VersionRecord;
  readonly modelVersion: ModelVersionRecord;
};

/** Who runs it: the registered compute node and the certificate whose key signs. */
export type Attester = {
  readonly node: ComputeNodeRecord;
  /** SHA-256 of the SPKI DER of its key, hex. */
  readonly keyId: string;
  /** Lower-case hex. */
  readonly certificateSerial: string;
  readonly nodeClass: NodeClass;
};

/** What came out of it. Digests are lower-case hex SHA-256. */
export type PartitionResult = {
  readonly manifestHash: string;
  readonly resultRoot: string;
  readonly leaves: number;
  readonly batches: number;
  readonly failedRows: number;
  readonly schemaHash: string;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly runtime: RuntimeInfo;
  readonly started: Date;
  readonly finished: Date;
};

/** Puts together the in-toto Statement v1 of one partition; its subject is the sealed output manifest. */
export function statementOf(task: PartitionTask, attester: Attester, result: PartitionResult): InferenceStatement {
  const { channel, job, partition, claim, version, modelVersion } = task;
  const { runtime } = result;
  const approval = modelVersion.approvals[0]?.transaction ?? '';
  return {
    _type: statementType,
    subject: [{ name: `${job.outputVersion}/${partition.index}`, digest: { sha256: result.manifestHash } }],
    predicateType: inferencePredicateType,
    predicate: {
      channel,
      job: job.id,
      partition: partition.index,
      token: claim.token,
      attempt: partition.attempts + 1,
      challenge: claim.challenge,
      node: {
        id: attester.node.id,
        organization: attester.node.organization,
        keyId: attester.keyId,
        certificateSerial: attester.certificateSerial,
        class: attester.nodeClass,
      },
      inputs: [{ version: version.id, manifestCommitment: version.manifestCommitment, rows: partition.rows }],
      model: {
        version: `${modelVersion.model}:${modelVersion.number}` as ModelVersionName,
        digest: modelVersion.digest,
        approval,
      },
      spec: {
        digest: jobSpecDigest(job),
        batchPlan: batchPlanDigest(batchPlan(partition, version, job.batchRows)),
        preprocessing: modelVersion.cardDigest,
      },
      runtime: {
        ort: runtime.ort,
        executionProvider: runtime.executionProvider,
        isa: runtime.isa,
        precision: {
          graphOptimization: job.numeric.graphOptimization,
          preciseQuantization: job.numeric.preciseQuantization,
        },
        threads: runtime.intraOpThreads,
        dtype: runtime.dtype,
      },
      outputs: {
        leaves: result.leaves,
        failedRows: result.failedRows,
        batchRoots: result.batches,
        root: result.resultRoot,
        proofUnit: 'row',
        manifest: result.manifestHash,
        schema: result.schemaHash,
      },
      meter: { rows: partition.rows, bytesIn: result.bytesIn, bytesOut: result.bytesOut },
      times: { started: result.started.toISOString(), finished: result.finished.toISOString() },
      assuranceLevel: 'self_attested',
    },
  };
}
