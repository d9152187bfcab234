/**
 * The statement that a compute node signs about one partition: an in-toto Statement v1 with the predicate `inference/v1`, in a DSSE
 * envelope signed with the node's P-256 key (ECDSA over SHA-256, DER). It has no ledger position: it is signed before it is submitted.
 */
import type { ComputeNodeId, JobId, MspId, VersionId } from './ids.ts';
import type { Digest, Instant, ModelVersionName, NodeClass, NumericSettings } from './records.ts';
import { digest, flag, id, instant, integer, list, mspId, oneOf, pattern, type Shape, text } from './shape.ts';

export const statementType = 'https://in-toto.io/Statement/v1';
export const inferencePredicateType = 'https://d-cloud.example/attestation/inference/v1';
export const payloadType = 'application/vnd.in-toto+json';

export type AssuranceLevel = 'self_attested' | 'quorum' | 'reproduced' | 'enclave_attested';

export type InferencePredicate = {
  readonly channel: string;
  readonly job: JobId;
  /** Index of the partition in its job. */
  readonly partition: number;
  /** The claim's fencing token and challenge. */
  readonly token: number;
  /** Which attempt at the partition this is, counting from 1: the partition's `attempts` + 1. */
  readonly attempt: number;
  readonly challenge: string;
  readonly node: {
    readonly id: ComputeNodeId;
    readonly organization: MspId;
    /** SHA-256 of the SPKI DER of the signing key, hex. */
    readonly keyId: Digest;
    /** Serial of the node's certificate, lower-case hex. */
    readonly certificateSerial: string;
    readonly class: NodeClass;
    readonly pool?: string;
  };
  /** The partition's share of each input version. `manifestCommitment` is the salted hash that stands in the version's record. */
  readonly inputs: readonly {
    readonly version: VersionId;
    readonly manifestCommitment: Digest;
    readonly rows: number;
  }[];
  /** `approval` is the transaction of one of the approvals in the model version's record. */
  readonly model: { readonly version: ModelVersionName; readonly digest: Digest; readonly approval: string };
  /** `digest` = jobSpecDigest(job), `batchPlan` = batchPlanDigest(batchPlan(…)), `preprocessing` = the model version's card digest. */
  readonly spec: { readonly digest: Digest; readonly batchPlan: Digest; readonly preprocessing: Digest };
  readonly runtime: {
    readonly ort: string;
    readonly executionProvider: string;
    readonly isa: string;
    readonly precision: Pick<NumericSettings, 'graphOptimization' | 'preciseQuantization'>;
    readonly threads: number;
    readonly dtype: string;
  };
  readonly outputs: {
    /** Rows under the tree: every row of the partition, failed ones too. */
    readonly leaves: number;
    readonly failedRows: number;
    /** How many batch roots the root stands over: one per planned batch. */
    readonly batchRoots: number;
    /** RFC 6962 root over the batch roots. */
    readonly root: Digest;
    readonly proofUnit: 'row' | 'batch';
    /** SHA-256 of the sealed output manifest's bytes; the statement's subject. */
    readonly manifest: Digest;
    readonly schema: Digest;
  };
  readonly meter: { readonly rows: number; readonly bytesIn: number; readonly bytesOut: number };
  /** Informational: nothing is decided on them. */
  readonly times: { readonly started: Instant; readonly finished: Instant };
  readonly assuranceLevel: AssuranceLevel;
};

export type InferenceStatement = {
  readonly _type: typeof statementType;
  readonly subject: readonly [{ readonly name: string; readonly digest: { readonly sha256: Digest } }];
  readonly predicateType: typeof inferencePredicateType;
  readonly predicate: InferencePredicate;
};

/** An object whose unknown members are ignored, as in-toto asks of consumers: what is known must be there and well formed. */
function open<T extends object>(fields: { readonly [K in keyof T]-?: Shape<T[K]> }): Shape<T> {
  const entries = Object.entries(fields) as [string, Shape<unknown>][];
  return (value, at) => {
    const given = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
    return Object.fromEntries(
      entries.map(([name, shape]) => [
        name,
        shape(Object.hasOwn(given, name) ? given[name] : undefined, `${at}.${name}`),
      ]),
    ) as T;
  };
}

const hex = (max: number) =>
  pattern(new RegExp(`^[0-9a-f]{1,${max}}$`), `must be at most ${max} lower-case hex digits`);
const count = integer({ min: 0 });
const word = text({ max: 128 });

const predicate = open<InferencePredicate>({
  channel: word,
  job: id('job'),
  partition: count,
  token: integer({ min: 1 }),
  attempt: integer({ min: 1 }),
  challenge: digest,
  node: (value, at) => ({
    ...open<Omit<InferencePredicate['node'], 'pool'>>({
      id: id('comp'),
      organization: mspId,
      keyId: digest,
      certificateSerial: hex(64),
      class: oneOf('R-1', 'J-1'),
    })(value, at),
    ...('pool' in (value as object) ? { pool: word((value as { pool: unknown }).pool, `${at}.pool`) } : {}),
  }),
  inputs: list(open({ version: id('vers'), manifestCommitment: digest, rows: count }), { min: 1, max: 64 }),
  model: open({ version: word as Shape<ModelVersionName>, digest, approval: hex(64) }),
  spec: open({ digest, batchPlan: digest, preprocessing: digest }),
  runtime: open({
    ort: word,
    executionProvider: word,
    isa: word,
    precision: open({ graphOptimization: oneOf('disabled', 'basic', 'extended', 'all'), preciseQuantization: flag }),
    threads: integer({ min: 1 }),
    dtype: word,
  }),
  outputs: open({
    leaves: count,
    failedRows: count,
    batchRoots: count,
    root: digest,
    proofUnit: oneOf('row', 'batch'),
    manifest: digest,
    schema: digest,
  }),
  meter: open({ rows: count, bytesIn: count, bytesOut: count }),
  times: open({ started: instant, finished: instant }),
  assuranceLevel: oneOf('self_attested', 'quorum', 'reproduced', 'enclave_attested'),
});

const statement = open<InferenceStatement>({
  _type: oneOf(statementType),
  subject: (value, at) =>
    list(open({ name: word, digest: open({ sha256: digest }) }), { min: 1, max: 1 })(
      value,
      at,
    ) as InferenceStatement['subject'],
  predicateType: oneOf(inferencePredicateType),
  predicate,
});

/** Reads a parsed payload as an inference statement. Refuses with RECORD_INVALID and the place where it is none. */
export function readInferenceStatement(value: unknown): InferenceStatement {
  return statement(value, 'statement');
}
