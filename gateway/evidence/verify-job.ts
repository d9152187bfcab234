import {
  type ComputeNodeRecord,
  challengeOf,
  type JobRecord,
  keyIdOf,
  modelVersionName,
  needsGrant,
  type PartitionRecord,
  type Submits,
  verifyAttestation,
} from '@d-cloud/chaincode/domain';
import { must, needed } from './checks.ts';
import type { EvidencePack } from './pack.ts';
import { claimName, partitionName, type Told, type ToldFacts } from './told-facts.ts';

export type ToldJob = { readonly requested: Told<JobRecord>; readonly ended: Told<JobRecord> };

/** The job: requested by its requester, ended by it, and the output version that its end registered. */
export function verifyJobEnds(pack: EvidencePack, facts: ToldFacts) {
  const { requested, ended } = facts.jobs.get(pack.about.job) ?? {};
  must(requested !== undefined, `no valid transaction requests job ${pack.about.job}`);
  must(ended !== undefined, `no valid transaction ends job ${pack.about.job}`);
  const { record: job } = ended;
  must(
    requested.creator === job.requester && ended.creator === job.requester,
    'the job was not requested and ended by its requester',
  );
  must(job.state === 'succeeded' || job.state === 'partial', `the job ended as ${job.state}`);
  must(sameFacts(requested.record, job), 'the job that ended is not the one that was requested');
  must(job.outputVersion === pack.about.outputVersion, 'the pack is about another output version');
  const output = facts.versions.get(job.outputVersion);
  must(output?.transaction === ended.transaction, 'the end of the job registers no output version');
  const { origin } = output.record;
  const isDerived =
    origin.job === job.id &&
    origin.parents.length === 1 &&
    origin.parents[0] === job.version &&
    origin.model === modelVersionName(job.model, job.modelNumber);
  must(isDerived, 'the output version does not name this job, model and input as its origin');
  return {
    found: { requested, ended } satisfies ToldJob,
    sentence: `Job ${job.id} of ${job.requester} ended as ${job.state} in transaction ${ended.transaction} (block ${ended.block}) with output ${job.outputVersion}, derived from ${job.version} by ${origin.model}.`,
  };
}

/** All that a job fixes at its request must be the same at its end. */
function sameFacts(a: JobRecord, b: JobRecord): boolean {
  const fixed = ({ state: _, ...rest }: JobRecord) =>
    JSON.stringify(Object.entries(rest).sort(([x], [y]) => (x < y ? -1 : 1)));
  return fixed(a) === fixed(b);
}

/** The right that the job stood on: its own data, data for all members, or a grant that its owner issued and that covers this use. */
export function verifyRight(facts: ToldFacts, { record: job }: Told<JobRecord>) {
  const dataset = facts.datasets.get(job.dataset);
  if (dataset === undefined) {
    // A dataset that a job made is registered by that job's end, whose pack tells of it.
    must(job.datasetOwner === job.requester, `nothing in the pack shows the terms of dataset ${job.dataset}`);
  } else {
    must(dataset.record.owner === job.datasetOwner, 'the dataset has another owner than the job says');
  }
  if (dataset === undefined || !needsGrant(dataset.record, job.requester)) {
    return { found: true, sentence: `${job.requester} needed no grant for dataset ${job.dataset}.` };
  }
  const grant = job.grant === undefined ? undefined : facts.grants.get(job.grant);
  must(grant !== undefined, `the grant of the job (${job.grant ?? 'none'}) is not in the pack`);
  const { record } = grant;
  must(grant.creator === job.datasetOwner, `the grant was issued by ${grant.creator}, not by the data's owner`);
  must(
    record.dataset === job.dataset && record.grantee === job.requester && record.state === 'issued',
    'the grant is for something else',
  );
  const { terms } = record;
  must(terms.actions.includes('use'), 'the grant does not allow use');
  must(terms.purposes.includes(job.purpose), `the grant is not for ${job.purpose}`);
  must(terms.models.includes(job.model), 'the grant does not name the model');
  must(terms.versions.length === 0 || terms.versions.includes(job.version), 'the grant does not cover the version');
  const executors = terms.executors.length === 0 ? [record.owner] : terms.executors;
  must(
    job.executors.every((executor) => executors.includes(executor)),
    'the grant does not allow all executors of the job',
  );
  return {
    found: true,
    sentence: `${record.owner} issued grant ${record.id} to ${record.grantee} for ${terms.purposes.join(', ')} in transaction ${grant.transaction} (block ${grant.block}); the job asked for ${job.purpose}.`,
  };
}

/** The model: its registered digest, and approvals by transactions of their own organizations. */
export function verifyModel(facts: ToldFacts, { record: job }: Told<JobRecord>) {
  const told = facts.modelVersions.get(`${job.model}:${job.modelNumber}`);
  must(told !== undefined, `model version ${job.model}:${job.modelNumber} is not in the pack`);
  const { record } = told;
  const model = facts.models.get(job.model)?.record;
  must(model !== undefined, `the registration of model ${job.model} is not in the pack`);
  must(model.owner === job.modelOwner, `the model is ${model.owner}'s, not ${job.modelOwner}'s`);
  must(
    record.approvals.length >= model.approvalsNeeded,
    `the model has ${record.approvals.length} of ${model.approvalsNeeded} approvals`,
  );
  const sealed = facts.versions.get(job.modelVersion);
  must(sealed?.record.dataset === model.dataset, 'the version that holds the model is not one of its dataset');
  must(record.digest === job.modelDigest, 'the job ran a model of another digest than the registered one');
  must(
    record.version === job.modelVersion && record.state === 'published',
    'the model version is another one or revoked',
  );
  for (const { organization, transaction } of record.approvals) {
    const approval = facts.transactions.get(transaction);
    must(
      approval?.verified.transaction.creatorMspId === organization,
      `the approval of ${organization} is not shown by a transaction of its own`,
    );
  }
  must(record.approvals.length > 0, 'nobody approved the model version');
  return {
    found: record,
    sentence: `Model ${job.model}:${job.modelNumber} has the registered ONNX digest ${record.digest} and is approved by ${record.approvals.map(({ organization }) => organization).join(', ')}.`,
  };
}

export type ToldPartition = { readonly partition: PartitionRecord; readonly root: string; readonly schema: string };

/** Every accepted partition: claimed, and its statement signed by the claiming node's registered key, agreeing with the ledger in every field. */
export function verifyStatements(pack: EvidencePack, facts: ToldFacts, { requested, ended }: ToldJob) {
  const { record: job } = requested;
  const version = needed(facts.versions.get(job.version));
  const modelVersion = needed(facts.modelVersions.get(`${job.model}:${job.modelNumber}`));
  const partitions: ToldPartition[] = [];
  const nodes = new Set<string>();
  for (let index = 0; index < job.partitions; index++) {
    const attested = facts.attestations.get(partitionName({ job: job.id, index }));
    if (attested === undefined) continue;
    const { accepted } = attested.record;
    must(accepted !== undefined, `partition ${index} was attested without being accepted`);
    const claimed = facts.claims.get(claimName({ job: job.id, index, token: accepted.token }));
    must(claimed?.record.claim !== undefined, `the claim behind partition ${index} is not in the pack`);
    const { claim } = claimed.record;
    const node = facts.nodes.get(accepted.node);
    must(node !== undefined, `compute node ${accepted.node} is not in the pack`);
    must(job.executors.includes(node.record.organization), `${node.record.organization} was not among the executors`);
    must(claim.transaction === claimed.transaction, `the claim of partition ${index} names another transaction`);
    const challenge = challengeOf(claimed.transaction, job.id, index, claim.token);
    must(claim.challenge === challenge, `the challenge of partition ${index} does not follow from its claim`);
    checkSigner(facts, claimed, node);
    checkSigner(facts, attested, node);
    const envelope = envelopeOf(facts, attested, claim.token);
    const read = verifyAttestation(
      envelope,
      {
        channel: pack.about.channel,
        job,
        partition: claimed.record,
        claim,
        node: node.record,
        version: version.record,
        modelVersion: modelVersion.record,
      },
      attested.transaction,
    );
    must(
      JSON.stringify(Object.entries(read).sort()) === JSON.stringify(Object.entries(accepted).sort()),
      `what the ledger accepted for partition ${index} is not what its statement says`,
    );
    partitions.push({ partition: claimed.record, root: accepted.resultRoot, schema: schemaOf(envelope) });
    nodes.add(`${accepted.node} of ${accepted.organization}`);
  }
  must(partitions.length > 0, 'no partition was attested');
  must(
    ended.record.state === 'partial' || partitions.length === job.partitions,
    `${job.partitions - partitions.length} partitions of a job that succeeded are not attested`,
  );
  const rows = partitions.reduce((sum, { partition }) => sum + partition.rows, 0);
  const output = needed(facts.versions.get(job.outputVersion));
  must(output.record.rows === rows, `the output has ${output.record.rows} rows, ${rows} were attested`);
  return {
    found: partitions,
    sentence: `${partitions.length} of ${job.partitions} partition(s), ${rows} rows: statements signed by ${[...nodes].join(', ')} agree with job, claim, data, model and plan.`,
  };
}

/** The transaction was signed with the node's registered key. */
function checkSigner(
  facts: ToldFacts,
  { transaction, record }: Told<PartitionRecord>,
  node: Told<ComputeNodeRecord>,
): void {
  const creator = facts.transactions.get(transaction)?.verified.creator;
  const isNodes =
    creator !== undefined &&
    creator.mspId === node.record.organization &&
    keyIdOf(creator.certificate.publicKey) === keyIdOf(node.record.publicKey);
  must(isNodes, `a transaction of partition ${record.index} was not signed by compute node ${node.record.id}`);
}

/** The statement's envelope, from the arguments of the attesting transaction. */
function envelopeOf(facts: ToldFacts, { transaction, record }: Told<PartitionRecord>, token: number): Uint8Array {
  const [body] = needed(facts.transactions.get(transaction)).verified.transaction.args;
  const said = JSON.parse(
    Buffer.from(body ?? new Uint8Array(0)).toString('utf8'),
  ) as Submits['partition:attest']['body'];
  const isIts = said.job === record.job && said.index === record.index && said.token === token;
  must(isIts, `the attestation of partition ${record.index} speaks of another claim`);
  return Buffer.from(said.envelope, 'base64');
}

/** Schema id of the rows, from the statement's payload that `verifyAttestation` has checked. */
function schemaOf(envelope: Uint8Array): string {
  const { payload } = JSON.parse(Buffer.from(envelope).toString('utf8')) as { payload: string };
  const plain = payload.replaceAll('-', '+').replaceAll('_', '/');
  const statement = JSON.parse(Buffer.from(plain, 'base64').toString('utf8')) as {
    predicate: { outputs: { schema: string } };
  };
  return statement.predicate.outputs.schema;
}
