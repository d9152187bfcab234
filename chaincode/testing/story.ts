/** A small consortium in which things have happened already: the ground that tests stand on. */
import { sign } from 'node:crypto';
import {
  batchPlan,
  batchPlanDigest,
  type CatalogueCard,
  canonicalBytes,
  canonicalJson,
  cardCommitment,
  type DatasetId,
  type GrantTerms,
  type Id,
  type IdKind,
  type InferencePredicate,
  idFrom,
  inferencePredicateType,
  type JobRecord,
  jobSpecDigest,
  keyIdOf,
  type MspId,
  modelVersionName,
  type PartitionRecord,
  payloadType,
  preAuthenticationEncoding,
  type Submits,
  sha256,
  statementType,
} from '../domain/index.ts';
import { type CallOptions, Consortium } from './consortium.ts';

export const alder = 'AlderMSP' as MspId;
export const birch = 'BirchMSP' as MspId;
export const cedar = 'CedarMSP' as MspId;
export const research = 'dpv:AcademicResearch';
export const marketing = 'dpv:Marketing';

/** An id that is the same in every run: the first 16 bytes of the name's hash. */
export function idOf<K extends IdKind>(kind: K, name: string): Id<K> {
  return idFrom(kind, Buffer.from(sha256(name), 'hex').subarray(0, 16));
}

export function agreementKeyOf(name: string): string {
  return Buffer.from(sha256(name), 'hex').toString('base64');
}

export function cardOf(dataset: DatasetId): CatalogueCard {
  return {
    v: 1,
    dataset,
    salt: sha256(dataset).slice(0, 32),
    title: 'Photographs of trees',
    description: 'Taken in autumn',
    keywords: ['trees'],
    licence: 'CC-BY-4.0',
  };
}

export const withCard = (dataset: DatasetId) => ({ transient: { card: canonicalBytes(cardOf(dataset)) } });

export const photos = idOf('dset', 'photos');
export const photosV1 = idOf('vers', 'photos 1');
export const weights = idOf('dset', 'weights');
export const weightsV1 = idOf('vers', 'weights 1');
export const model = idOf('modl', 'classifier');
export const modelDigest = sha256('onnx');
export const grant = idOf('grnt', 'grant');
export const job = idOf('job', 'job');
export const results = idOf('dset', 'results');
export const resultsV1 = idOf('vers', 'results 1');
export const alderNode = idOf('comp', 'alder node');
export const cedarNode = idOf('comp', 'cedar node');

export const grantTerms: GrantTerms = {
  actions: ['use', 'read'],
  purposes: [research],
  versions: [],
  models: [model],
  executors: [alder, cedar],
  rows: '1000',
  uses: 3,
};

export function versionBody(id: Id<'vers'>, dataset: DatasetId, segmentRows: readonly number[] = [10, 10, 5]) {
  return {
    id,
    dataset,
    manifestCommitment: sha256(`manifest ${id}`),
    contentRoot: sha256(`content ${id}`),
    schemaHash: sha256('schema'),
    rows: segmentRows.reduce((sum, rows) => sum + rows, 0),
    segmentRows,
    sizeClass: '4194304',
    epoch: 1,
  };
}

export function jobBody(change: Partial<Submits['job:request']['body']> = {}): Submits['job:request']['body'] {
  return {
    id: job,
    version: photosV1,
    model,
    modelNumber: 1,
    modelDigest,
    purpose: research,
    grant,
    batchRows: 4,
    numeric: { threads: 1, graphOptimization: 'all', preciseQuantization: false },
    partitionSegments: [2, 1],
    outputDataset: results,
    outputVersion: resultsV1,
    ...change,
  };
}

/** Alder owns photographs, cedar a model open to members, birch is a member without compute nodes. */
export class Story extends Consortium {
  as(mspId: MspId, role = 'gateway'): CallOptions {
    return { as: this.identity(mspId, role) };
  }

  async members(): Promise<this> {
    for (const [at, mspId] of [alder, birch, cedar].entries()) {
      const gatewayAddress = `https://127.0.0.1:${7000 + at}`;
      const body = { name: mspId.slice(0, -3), gatewayAddress, agreementKey: agreementKeyOf(mspId) };
      await this.submit('organization:register', body, this.as(mspId, 'admin'));
    }
    const purposes = [research, marketing].map((id) => ({ id, label: id.slice(4) }));
    await this.submit('purpose:define', { purposes }, this.as(cedar, 'admin'));
    return this;
  }

  async registerDataset(
    id: DatasetId,
    mspId: MspId,
    change: Partial<Submits['dataset:register']['body']> = {},
    beside: Pick<CallOptions, 'transient'> = withCard(id),
  ) {
    const terms = { access: 'granted', purposes: [research, marketing] } as const;
    const body = { id, modality: 'images', terms, cardCommitment: cardCommitment(cardOf(id)), ...change } as const;
    return this.submit('dataset:register', body, { ...this.as(mspId), ...beside });
  }

  async publications(): Promise<this> {
    await this.members();
    await this.registerDataset(photos, alder);
    await this.submit('dataset:publishVersion', { ...versionBody(photosV1, photos), parents: [] }, this.as(alder));
    const terms = { access: 'members', purposes: [research, marketing] } as const;
    await this.registerDataset(weights, cedar, { modality: 'model', terms });
    await this.submit(
      'dataset:publishVersion',
      { ...versionBody(weightsV1, weights, [1]), parents: [] },
      this.as(cedar),
    );
    const named = {
      id: model,
      dataset: weights,
      name: 'classifier',
      task: 'image-classification',
      approvalsNeeded: 1,
    } as const;
    await this.submit('model:register', named, this.as(cedar));
    const version = { model, version: weightsV1, digest: modelDigest, cardDigest: sha256('card') };
    await this.submit('model:publishVersion', version, this.as(cedar));
    for (const [mspId, id] of [
      [alder, alderNode],
      [cedar, cedarNode],
    ] as const) {
      const { publicKey } = this.identity(mspId, 'compute-node');
      const runtime = { ort: '1.30.0', executionProvider: 'cpu', isa: 'avx2' };
      await this.submit(
        'compute-node:register',
        { id, publicKey, classes: ['R-1'], runtime },
        this.as(mspId, 'operator'),
      );
    }
    return this;
  }

  async granted(terms: GrantTerms = grantTerms): Promise<this> {
    await this.publications();
    await this.submit('grant:issue', { id: grant, terms, dataset: photos, grantee: birch }, this.as(alder));
    return this;
  }

  async requested(change: Partial<Submits['job:request']['body']> = {}, terms: GrantTerms = grantTerms): Promise<this> {
    await this.granted(terms);
    await this.submit('job:request', jobBody(change), this.as(birch));
    return this;
  }

  claimBody(index: number, node = alderNode, of = job): Submits['partition:claim']['body'] {
    return { job: of, index, node, ephemeralKey: agreementKeyOf(`${node} ${index}`) };
  }

  async claim(index: number, mspId: MspId = alder, of = job): Promise<PartitionRecord> {
    const node = mspId === alder ? alderNode : cedarNode;
    return this.submit('partition:claim', this.claimBody(index, node, of), this.as(mspId, 'compute-node'));
  }

  /** The statement that an honest compute node would sign for a claimed partition. */
  async predicate(partition: PartitionRecord): Promise<InferencePredicate> {
    const anyone = this.identity(alder, 'gateway');
    const record: JobRecord = await this.evaluate('job:get', { id: partition.job }, anyone);
    const version = await this.evaluate('dataset:getVersion', { id: record.version }, anyone);
    const approved = await this.evaluate(
      'model:getVersion',
      { model: record.model, number: record.modelNumber },
      anyone,
    );
    const claim = partition.claim;
    if (claim === undefined) throw new Error('the partition is not claimed');
    const { publicKey } = this.identity(claim.organization, 'compute-node');
    const plan = batchPlan(partition, version, record.batchRows);
    const manifest = sha256(`output of ${partition.job} ${partition.index} ${claim.token}`);
    const { numeric } = record;
    return {
      channel: 'dcloud',
      job: record.id,
      partition: partition.index,
      token: claim.token,
      attempt: partition.attempts + 1,
      challenge: claim.challenge,
      node: {
        id: claim.node,
        organization: claim.organization,
        keyId: keyIdOf(publicKey),
        certificateSerial: '01',
        class: 'R-1',
      },
      inputs: [{ version: version.id, manifestCommitment: version.manifestCommitment, rows: partition.rows }],
      model: {
        version: modelVersionName(record.model, record.modelNumber),
        digest: record.modelDigest,
        approval: approved.approvals[0]?.transaction ?? '',
      },
      spec: {
        digest: jobSpecDigest(record),
        batchPlan: batchPlanDigest(plan),
        preprocessing: approved.cardDigest,
      },
      runtime: {
        ort: '1.30.0',
        executionProvider: 'cpu',
        isa: 'avx2',
        precision: { graphOptimization: numeric.graphOptimization, preciseQuantization: numeric.preciseQuantization },
        threads: numeric.threads,
        dtype: 'float32',
      },
      outputs: {
        leaves: partition.rows,
        failedRows: 1,
        batchRoots: plan.length,
        root: sha256('root'),
        proofUnit: 'row',
        manifest,
        schema: sha256('result schema'),
      },
      meter: { rows: partition.rows, bytesIn: 1000, bytesOut: 100 },
      times: { started: '2026-11-22T12:00:00Z', finished: '2026-11-22T12:00:05Z' },
      assuranceLevel: 'self_attested',
    };
  }

  /** A signed envelope, base64, over a predicate. */
  envelope(predicate: InferencePredicate, mspId: MspId, subject = predicate.outputs.manifest): string {
    const statement = {
      _type: statementType,
      subject: [{ name: 'output manifest', digest: { sha256: subject } }],
      predicateType: inferencePredicateType,
      predicate,
    };
    const payload = canonicalBytes(statement);
    const signature = sign(
      'sha256',
      preAuthenticationEncoding(payloadType, payload),
      this.identity(mspId, 'compute-node').privateKey,
    );
    const envelope = {
      payload: Buffer.from(payload).toString('base64'),
      payloadType,
      signatures: [
        { keyid: keyIdOf(this.identity(mspId, 'compute-node').publicKey), sig: signature.toString('base64') },
      ],
    };
    return Buffer.from(canonicalJson(envelope)).toString('base64');
  }

  async attest(partition: PartitionRecord): Promise<PartitionRecord> {
    const organization = partition.claim?.organization;
    if (organization === undefined) throw new Error('the partition is not claimed');
    const envelope = this.envelope(await this.predicate(partition), organization);
    const { job: of, index, token } = partition;
    return this.submit('partition:attest', { job: of, index, token, envelope }, this.as(organization, 'compute-node'));
  }

  /** Ends the job whose partitions were all accepted, with its output. */
  finish() {
    const body = { id: job, output: versionBody(resultsV1, results), cardCommitment: cardCommitment(cardOf(results)) };
    return this.submit('job:finish', body, { ...this.as(birch), ...withCard(results) });
  }
}
