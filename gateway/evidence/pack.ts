import { canonicalBytes, type JobId, type VersionId } from '@d-cloud/chaincode/domain';
import type { EndorsedAnswer } from '@d-cloud/network/ledger';
import { z } from 'zod';

/** What a pack calls itself. A reader refuses any other. */
export const packKind = 'https://d-cloud.example/evidence/v1';
/** Type of the payload that the packing gateway signs. */
export const packIndexType = 'application/vnd.d-cloud.evidence-index+json';

const base64 = z.string().refine((text) => Buffer.from(text, 'base64').toString('base64') === text, 'is not base64');
const hash = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.int().min(0);

const answer = z.strictObject({
  channelHeader: base64,
  signatureHeader: base64,
  proposalPayload: base64,
  responsePayload: base64,
  endorser: base64,
  signature: base64,
});

const scored = z.strictObject({ label: z.string(), score: z.number() });
const readableRow = z.strictObject({
  row: count,
  item: z.string(),
  status: z.enum(['ok', 'failed', 'part']),
  reason: z.string().optional(),
  label: z.string().optional(),
  score: z.number().optional(),
  top: z.array(scored).optional(),
  embedding: z.array(z.number()).optional(),
});

const hexText = z.string().regex(/^(?:[0-9a-f]{2})*$/);
const rowProof = z.strictObject({
  batch: count,
  batches: count,
  row: count,
  rows: count,
  salt: hexText,
  bytes: hexText,
  rowPath: z.array(hash),
  batchPath: z.array(hash),
});

export const evidencePackSchema = z.strictObject({
  v: z.literal(1),
  kind: z.literal(packKind),
  about: z.strictObject({
    channel: z.string(),
    /** Hash of the genesis block as the packer knows it; a verifier pins its own. */
    genesis: hash,
    job: z.custom<JobId>((value) => typeof value === 'string'),
    outputVersion: z.custom<VersionId>((value) => typeof value === 'string'),
    packedBy: z.string(),
    /** What this pack does not show, in plain words. */
    notes: z.array(z.string()),
  }),
  /** `common.Block` bytes, the genesis block first. */
  configBlocks: z.array(base64).min(1),
  /** Each block in signed answers of two or more organizations' peers to `GetBlockByNumber`; the block's bytes are their payload. */
  blocks: z.array(z.strictObject({ number: count, answers: z.array(answer).min(1) })).min(1),
  shape: z.strictObject({
    task: z.enum(['image-classification', 'text-embedding']),
    dimensions: z.int().optional(),
  }),
  proofs: z.array(z.strictObject({ partition: count, row: readableRow, proof: rowProof })),
  /** Certificate (PEM) of the gateway that packed and signed this. */
  certificate: z.string(),
  /** DSSE envelope over the digests of all parts above. */
  index: z.strictObject({
    payload: base64,
    payloadType: z.literal(packIndexType),
    signatures: z.array(z.strictObject({ keyid: hash, sig: base64 })).length(1),
  }),
});

export type EvidencePack = z.infer<typeof evidencePackSchema>;
export type PackedAnswer = z.infer<typeof answer>;
export type ReadableRow = z.infer<typeof readableRow>;

const parts = ['v', 'kind', 'about', 'configBlocks', 'blocks', 'shape', 'proofs', 'certificate'] as const;
export type PackParts = Pick<EvidencePack, (typeof parts)[number]>;

/** The signed payload: SHA-256 of each part's canonical JSON, hex, by name. */
export function packIndex(pack: PackParts, digest: (bytes: Uint8Array) => string): Uint8Array {
  return canonicalBytes(Object.fromEntries(parts.map((part) => [part, digest(canonicalBytes(pack[part]))])));
}

/** A pack's one byte form. */
export function encodePack(pack: EvidencePack): Uint8Array {
  return canonicalBytes(pack);
}

const fields = [
  'channelHeader',
  'signatureHeader',
  'proposalPayload',
  'responsePayload',
  'endorser',
  'signature',
] as const;

export function packAnswer(endorsed: EndorsedAnswer): PackedAnswer {
  return Object.fromEntries(
    fields.map((field) => [field, Buffer.from(endorsed[field]).toString('base64')]),
  ) as PackedAnswer;
}

export function unpackAnswer(packed: PackedAnswer): EndorsedAnswer {
  return Object.fromEntries(
    fields.map((field) => [field, Buffer.from(packed[field], 'base64')]),
  ) as unknown as EndorsedAnswer;
}
