/** How every transaction's body is read: strictly, with bounds, one shape per name of the table in transactions.ts. */
import type { AuditedNode, CatalogueCard, DatasetTerms, GrantTerms, NumericSettings, Purpose } from './records.ts';
import {
  agreementKey,
  amount,
  digest,
  flag,
  id,
  instant,
  integer,
  list,
  mspId,
  object,
  oneOf,
  pattern,
  type Shape,
  set,
  text,
} from './shape.ts';
import type { EvaluateName, Evaluates, RequestStamp, SubmitName, Submits, VersionBody } from './transactions.ts';

/** Bounds of one transaction: characters of a body, partitions of a job, segments of a version. */
export const limits = {
  bodyCharacters: 512 * 1024,
  partitions: 1000,
  segments: 20_000,
  /** Batches of a partition: peers make the plan when they verify its attestation. */
  batches: 65_536,
  attempts: 3,
  /** Storage nodes of one audit: fragments of a version, and room for where they lay before. */
  auditedNodes: 128,
  listed: 1000,
  /** Versions of one erasure, and derived versions that it names. */
  erasedVersions: 1000,
  openListed: 100,
  /** Entries that are kept or purged by one transaction, and characters of them all: wrapped keys and sealed manifests. */
  kept: 256,
  keptCharacters: 8 * 1024 * 1024,
  /** Characters of one page of kept entries, unless a single one is longer. */
  keptPage: 1024 * 1024,
} as const;

const purposeId = pattern(/^[A-Za-z0-9][A-Za-z0-9:._#/-]{0,127}$/, 'must be a purpose id such as dpv:AcademicResearch');
const name = text({ max: 200 });
const reason = text({ max: 500 });
const rows = integer({ min: 1 });
const number = integer({ min: 1, max: 99_999_999 });
/** One thing that an organization keeps: its name, and ciphertext as base64. */
export type KeptEntry = { readonly name: string; readonly value: string };

const index = integer({ min: 0, max: limits.partitions - 1 });
const action = oneOf('use', 'read', 'derive', 'export', 'delegate');
const modality = oneOf('documents', 'images', 'voice', 'video', 'table', 'model', 'results');
/** One origin: no path, no query, no user. */
const address = pattern(
  /^https:\/\/(?:[a-z0-9.-]{1,253}|\[[0-9a-f:]{2,45}\]):[0-9]{1,5}$/,
  'must be https://host:port',
);

const purpose = object<Purpose>({ id: purposeId, label: name });
const datasetTerms: Shape<DatasetTerms> = object<Omit<DatasetTerms, 'inherited'>>({
  access: oneOf('members', 'granted'),
  purposes: set(purposeId, { min: 1, max: 64 }),
});
const grantTerms = object<GrantTerms>(
  {
    actions: set(action, { min: 1, max: 5 }),
    purposes: set(purposeId, { min: 1, max: 64 }),
    versions: set(id('vers'), { max: 200 }),
    models: set(id('modl'), { max: 64 }),
    executors: set(mspId, { max: 64 }),
  },
  { until: instant, rows: amount, uses: integer({ min: 1 }) },
);
const numeric = object<NumericSettings>({
  threads: integer({ min: 1, max: 256 }),
  graphOptimization: oneOf('disabled', 'basic', 'extended', 'all'),
  preciseQuantization: flag,
});
const versionFields = {
  id: id('vers'),
  dataset: id('dset'),
  manifestCommitment: digest,
  contentRoot: digest,
  schemaHash: digest,
  rows,
  segmentRows: list(rows, { min: 1, max: limits.segments }),
  sizeClass: amount,
  epoch: integer({ min: 1 }),
};
const blockCount = integer({ min: 0 });
const auditedNode = object<AuditedNode>({
  node: id('stor'),
  ok: blockCount,
  missing: blockCount,
  corrupt: blockCount,
  offline: blockCount,
  slow: blockCount,
  repaired: blockCount,
});
/** `organization/own`, `dataset/<id>/<epoch>` or `version/<id>`. */
const keptName = pattern(
  /^(?:organization\/own|dataset\/dset_[a-z2-7]{26}\/[1-9][0-9]{0,8}|version\/vers_[a-z2-7]{26})$/,
  'must name what may be kept',
);
export const keptNames = set(keptName, { min: 1, max: limits.kept });
export const keptEntries = list(
  object<KeptEntry>({ name: keptName, value: pattern(/^[A-Za-z0-9+/]{2,8388608}={0,2}$/, 'must be base64') }),
  { min: 1, max: limits.kept },
);
const partitionName = { job: id('job'), index };
const token = integer({ min: 1 });

export const submitShapes: { readonly [N in SubmitName]: Shape<Submits[N]['body']> } = {
  'organization:leave': object({ reason }),
  'organization:expel': object({ mspId, reason }),
  'organization:register': object<Submits['organization:register']['body']>(
    { name, gatewayAddress: address, agreementKey },
    { recoveryKey: agreementKey },
  ),
  'organization:rotateKey': object<Submits['organization:rotateKey']['body']>(
    { agreementKey },
    { recoveryKey: agreementKey },
  ),
  'key:keep': object<Record<never, never>>({}),
  'key:purge': object<Record<never, never>>({}),
  'purpose:define': object({ purposes: list(purpose, { min: 1, max: 500 }) }),
  'dataset:register': object<Submits['dataset:register']['body']>(
    { id: id('dset'), modality, terms: datasetTerms, cardCommitment: digest },
    { publicTitle: name },
  ),
  'dataset:publishVersion': object({ ...versionFields, parents: set(id('vers'), { max: 64 }) }),
  'dataset:reseal': object({
    id: id('vers'),
    manifestCommitment: digest,
    contentRoot: digest,
    sizeClass: amount,
    epoch: integer({ min: 1 }),
    sealing: integer({ min: 2 }),
  }),
  'dataset:retire': object({ dataset: id('dset'), reason }),
  'dataset:hold': object({ dataset: id('dset'), reason }),
  'dataset:release': object({ dataset: id('dset'), reason }),
  'dataset:requestErasure': object({
    id: id('eras'),
    dataset: id('dset'),
    versions: set(id('vers'), { max: limits.erasedVersions }),
    whole: flag,
    reason,
    derived: set(id('vers'), { max: limits.erasedVersions }),
  }),
  'dataset:recordErasure': object({ id: id('eras'), certificate: digest }),
  'grant:request': object({
    id: id('grnt'),
    dataset: id('dset'),
    terms: grantTerms,
    note: text({ min: 0, max: 1000 }),
  }),
  'grant:issue': object<Submits['grant:issue']['body']>(
    { id: id('grnt'), terms: grantTerms },
    { dataset: id('dset'), grantee: mspId },
  ),
  'grant:refuse': object({ id: id('grnt'), reason }),
  'grant:revoke': object<Submits['grant:revoke']['body']>({ id: id('grnt'), reason }, { hard: flag }),
  'model:register': object({
    id: id('modl'),
    dataset: id('dset'),
    name,
    task: oneOf('image-classification', 'text-embedding'),
    approvalsNeeded: integer({ min: 1, max: 64 }),
  }),
  'model:publishVersion': object({ model: id('modl'), version: id('vers'), digest, cardDigest: digest }),
  'model:approve': object({ model: id('modl'), number }),
  'model:revoke': object({ model: id('modl'), number, reason }),
  'job:request': object<Submits['job:request']['body']>(
    {
      id: id('job'),
      version: id('vers'),
      model: id('modl'),
      modelNumber: number,
      modelDigest: digest,
      purpose: purposeId,
      batchRows: integer({ min: 1, max: 65_536 }),
      numeric,
      partitionSegments: list(rows, { min: 1, max: limits.partitions }),
      outputDataset: id('dset'),
      outputVersion: id('vers'),
    },
    { grant: id('grnt'), modelGrant: id('grnt'), executors: set(mspId, { min: 1, max: 64 }) },
  ),
  'job:cancel': object({ id: id('job'), reason }),
  'job:finish': object<Submits['job:finish']['body']>(
    { id: id('job') },
    { output: object<VersionBody>(versionFields), cardCommitment: digest },
  ),
  'partition:claim': object({ ...partitionName, node: id('comp'), ephemeralKey: agreementKey }),
  'partition:release': object({ ...partitionName, token, reason }),
  'partition:reassign': object({ ...partitionName, token, reason }),
  'partition:attest': object({
    ...partitionName,
    token,
    envelope: pattern(/^[A-Za-z0-9+/]{4,131072}={0,2}$/, 'must be base64 of at most 96 KiB'),
  }),
  'storage-node:register': object(
    { id: id('stor'), host: name, disk: name, capacityBytes: amount },
    { pricePerGibMonth: amount },
  ),
  'storage-node:drain': object({ id: id('stor') }),
  'storage-node:expel': object({ id: id('stor'), reason }),
  'storage-node:leave': object({ id: id('stor') }),
  'compute-node:register': object({
    id: id('comp'),
    publicKey: text({ max: 1000 }),
    classes: set(oneOf('R-1', 'J-1'), { min: 1, max: 2 }),
    runtime: object({ ort: name, executionProvider: name, isa: name }),
  }),
  'compute-node:drain': object({ id: id('comp') }),
  'compute-node:leave': object({ id: id('comp') }),
  'access:record': object<Submits['access:record']['body']>(
    { id: id('accs'), version: id('vers'), purpose: purposeId, ephemeralKey: agreementKey },
    { grant: id('grnt') },
  ),
  'audit:record': object({
    id: id('audt'),
    version: id('vers'),
    kind: oneOf('audit', 'repair', 'absence'),
    nodes: list(auditedNode, { min: 1, max: limits.auditedNodes }),
  }),
};

const nothing: Shape<Record<string, never>> = object<Record<never, never>>({});

export const evaluateShapes: { readonly [N in EvaluateName]: Shape<Evaluates[N]['body']> } = {
  'organization:get': object({ mspId }),
  'organization:list': nothing,
  'purpose:get': nothing,
  'dataset:get': object({ id: id('dset') }),
  'dataset:getCard': object({ id: id('dset') }),
  'dataset:getVersion': object({ id: id('vers') }),
  'dataset:getErasure': object({ id: id('eras') }),
  'grant:get': object({ id: id('grnt') }),
  'grant:check': object<Evaluates['grant:check']['body']>(
    { version: id('vers'), purpose: purposeId, action: oneOf('use', 'read') },
    { grant: id('grnt'), model: id('modl'), rows },
  ),
  'model:get': object({ id: id('modl') }),
  'model:getVersion': object({ model: id('modl'), number }),
  'job:get': object({ id: id('job') }),
  'partition:get': object(partitionName),
  'partition:list': object({ job: id('job') }),
  'partition:listOpen': object({ node: id('comp') }),
  'storage-node:get': object({ id: id('stor') }),
  'storage-node:list': nothing,
  'compute-node:get': object({ id: id('comp') }),
  'compute-node:list': nothing,
  'access:get': object({ id: id('accs') }),
  'audit:get': object({ id: id('audt') }),
  'key:get': object<Evaluates['key:get']['body']>({ name: keptName }),
  'key:list': object<Evaluates['key:list']['body']>({}, { after: keptName }),
};

/** Keys of requests and the person's name are opaque: only their form is checked. */
export const requestStamp = object<RequestStamp>({
  key: pattern(/^[A-Za-z0-9._:-]{1,128}$/, 'must be 1 to 128 of [A-Za-z0-9._:-]'),
  person: digest,
  digest,
});

export const catalogueCard = object<CatalogueCard>({
  v: ((value, at) => integer({ min: 1, max: 1 })(value, at) as 1) as Shape<1>,
  dataset: id('dset'),
  salt: pattern(/^(?:[0-9a-f]{2}){16,32}$/, 'must be 16 to 32 random bytes in hex'),
  title: name,
  description: text({ min: 0, max: 4000 }),
  keywords: set(text({ max: 64 }), { max: 32 }),
  licence: name,
});
