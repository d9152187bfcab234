import { batchPlan, batchPlanDigest, jobSpecDigest } from './batch-plan.ts';
import { keyIdOf, readPublicKey, sha256 } from './digest.ts';
import { openEnvelope } from './dsse.ts';
import { type InferenceStatement, payloadType, readInferenceStatement } from './inference-statement.ts';
import { modelVersionName } from './model.ts';
import type {
  AcceptedAttestation,
  Claim,
  ComputeNodeRecord,
  JobRecord,
  ModelVersionRecord,
  PartitionRecord,
  VersionRecord,
} from './records.ts';
import { Refusal } from './refusal.ts';

/** Everything that a partition's statement must agree with. */
export type AttestedFacts = {
  readonly channel: string;
  readonly job: JobRecord;
  readonly partition: PartitionRecord;
  readonly claim: Claim;
  readonly node: ComputeNodeRecord;
  readonly version: VersionRecord;
  readonly modelVersion: ModelVersionRecord;
};

/**
 * Verifies the envelope with the claiming node's key and holds every field of the statement that the ledger can know against it:
 * job, partition, claim, inputs, model, plan, runtime, counts. Refuses with ATTESTATION_INVALID and the first field that differs.
 */
export function verifyAttestation(
  envelope: Uint8Array,
  facts: AttestedFacts,
  transaction: string,
): AcceptedAttestation {
  const payload = openEnvelope(envelope, payloadType, readPublicKey(facts.node.publicKey));
  const statement = readStatement(payload);
  for (const [field, said, known] of claims(statement, facts)) {
    if (said !== known) throw new Refusal('ATTESTATION_INVALID', `${field} is ${said}, the ledger says ${known}`);
  }
  const { model, outputs } = statement.predicate;
  if (!facts.modelVersion.approvals.some(({ transaction: approval }) => approval === model.approval)) {
    throw new Refusal('ATTESTATION_INVALID', `model.approval ${model.approval} approved no such model version`);
  }
  if (outputs.failedRows > outputs.leaves)
    throw new Refusal('ATTESTATION_INVALID', 'outputs.failedRows is above outputs.leaves');
  return {
    node: facts.node.id,
    organization: facts.node.organization,
    token: facts.claim.token,
    envelopeDigest: sha256(envelope),
    manifestHash: outputs.manifest,
    resultRoot: outputs.root,
    rows: outputs.leaves,
    failedRows: outputs.failedRows,
    transaction,
  };
}

function readStatement(payload: unknown): InferenceStatement {
  try {
    return readInferenceStatement(payload);
  } catch (error) {
    throw error instanceof Refusal ? new Refusal('ATTESTATION_INVALID', error.detail) : error;
  }
}

/** Field, what the statement says, what the ledger knows. */
function claims(
  { subject, predicate }: InferenceStatement,
  { channel, job, partition, claim, node, version, modelVersion }: AttestedFacts,
): readonly (readonly [string, unknown, unknown])[] {
  const plan = batchPlan(partition, version, job.batchRows);
  const { node: by, inputs, model, spec, runtime, outputs, meter } = predicate;
  return [
    ['channel', predicate.channel, channel],
    ['job', predicate.job, job.id],
    ['partition', predicate.partition, partition.index],
    ['token', predicate.token, claim.token],
    ['attempt', predicate.attempt, partition.attempts + 1],
    ['challenge', predicate.challenge, claim.challenge],
    ['node.id', by.id, node.id],
    ['node.organization', by.organization, node.organization],
    ['node.keyId', by.keyId, keyIdOf(node.publicKey)],
    ['node.class', by.class, node.classes.find((own) => own === by.class)],
    ['inputs.length', inputs.length, 1],
    ['inputs[0].version', inputs[0]?.version, version.id],
    ['inputs[0].manifestCommitment', inputs[0]?.manifestCommitment, version.manifestCommitment],
    ['inputs[0].rows', inputs[0]?.rows, partition.rows],
    ['model.version', model.version, modelVersionName(job.model, job.modelNumber)],
    ['model.digest', model.digest, job.modelDigest],
    ['spec.digest', spec.digest, jobSpecDigest(job)],
    ['spec.batchPlan', spec.batchPlan, batchPlanDigest(plan)],
    ['spec.preprocessing', spec.preprocessing, modelVersion.cardDigest],
    ['runtime.ort', runtime.ort, node.runtime.ort],
    ['runtime.executionProvider', runtime.executionProvider, node.runtime.executionProvider],
    ['runtime.isa', runtime.isa, node.runtime.isa],
    ['runtime.threads', runtime.threads, job.numeric.threads],
    ['runtime.precision.graphOptimization', runtime.precision.graphOptimization, job.numeric.graphOptimization],
    ['runtime.precision.preciseQuantization', runtime.precision.preciseQuantization, job.numeric.preciseQuantization],
    ['outputs.leaves', outputs.leaves, partition.rows],
    ['outputs.batchRoots', outputs.batchRoots, plan.length],
    ['subject[0].digest.sha256', subject[0].digest.sha256, outputs.manifest],
    ['meter.rows', meter.rows, partition.rows],
    ['assuranceLevel', predicate.assuranceLevel, 'self_attested'],
  ];
}
