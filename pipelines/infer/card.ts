import { createHash } from 'node:crypto';
import { z } from 'zod';
import { ModelRefusal } from './model-refusal.ts';

const name = z.string().regex(/^[a-z0-9][a-z0-9.-]{0,63}$/);
const fileName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/);
const tensor = z.string().min(1).max(128);
const side = z.int().min(1).max(4096);
const threeBytes = z.array(z.number().min(0).max(255)).length(3);
const threeNumbers = z.array(z.number()).length(3);
const mediaType = z.string().regex(/^[a-z]+\/[a-z0-9.+-]{1,100}$/);

/** ONNX Runtime session options that a card or a job may set; anything else could name files or libraries. */
const sessionOption = z.enum([
  'session.x64quantprecision',
  'session.set_denormal_as_zero',
  'session.disable_prepacking',
  'session.intra_op.allow_spinning',
]);

const numericSchema = z.strictObject({
  dtype: z.enum(['float32', 'int8']),
  intraOpThreads: z.int().min(1).max(64),
  interOpThreads: z.int().min(1).max(64),
  executionMode: z.enum(['sequential', 'parallel']),
  graphOptimizationLevel: z.enum(['disabled', 'basic', 'extended', 'layout', 'all']),
  itemsPerRun: z.int().min(1).max(256),
  sessionOptions: z.partialRecord(sessionOption, z.enum(['0', '1'])),
});

const imageInput = z.strictObject({
  kind: z.literal('image'),
  tensor,
  dtype: z.literal('float32'),
  layout: z.literal('NCHW'),
  width: side,
  height: side,
  colour: z.literal('rgb'),
  mediaTypes: z.array(mediaType).min(1).max(32),
});

const imagePreprocessing = z.strictObject({
  kind: z.literal('image'),
  orientation: z.enum(['exif', 'stored']),
  background: threeBytes,
  resize: z.strictObject({
    fit: z.enum(['cover', 'fill', 'contain']),
    width: side,
    height: side,
    kernel: z.enum(['nearest', 'linear', 'cubic', 'lanczos3']),
  }),
  crop: z.strictObject({ width: side, height: side, at: z.literal('centre') }).optional(),
  subtract: threeNumbers,
  divide: threeNumbers,
});

const textInput = z.strictObject({
  kind: z.literal('text'),
  tensors: z.strictObject({ ids: tensor, mask: tensor, types: tensor.optional() }),
  dtype: z.literal('int64'),
  mediaTypes: z.array(mediaType).min(1).max(32),
});

const textPreprocessing = z.strictObject({
  kind: z.literal('text'),
  tokenizer: fileName,
  windowTokens: z.int().min(8).max(8192),
  windows: z.int().min(1).max(64),
});

const about = {
  v: z.literal(1),
  name,
  title: z.string().min(1).max(200),
  description: z.string().max(2000),
  class: z.enum(['R-1', 'J-1']),
  licence: z.record(z.string(), z.string().max(500)),
  source: z.record(z.string(), z.string().max(500)),
  files: z.record(
    fileName,
    z.strictObject({
      role: z.enum(['weights', 'labels', 'tokenizer']),
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
      sizeBytes: z
        .int()
        .min(1)
        .max(2 ** 31),
    }),
  ),
  opset: z.int().min(7).max(64),
  numeric: numericSchema,
};

const cardSchema = z.discriminatedUnion('task', [
  z.strictObject({
    ...about,
    task: z.literal('image-classification'),
    modality: z.literal('image'),
    input: imageInput,
    preprocessing: imagePreprocessing,
    output: z.strictObject({
      kind: z.literal('labels'),
      tensor,
      dtype: z.literal('float32'),
      count: z.int().min(2).max(100_000),
      top: z.int().min(1).max(100),
    }),
  }),
  z.strictObject({
    ...about,
    task: z.literal('text-embedding'),
    modality: z.literal('document'),
    input: textInput,
    preprocessing: textPreprocessing,
    output: z.strictObject({
      kind: z.literal('embedding'),
      tensor,
      dtype: z.literal('float32'),
      dimensions: z.int().min(2).max(16_384),
      pooling: z.literal('mean'),
      normalize: z.literal(true),
    }),
  }),
]);

/** What a model takes, gives and promises; `models/README.md` explains every field. */
export type ModelCard = z.infer<typeof cardSchema>;
export type ImageCard = Extract<ModelCard, { task: 'image-classification' }>;
export type TextCard = Extract<ModelCard, { task: 'text-embedding' }>;
export type Task = ModelCard['task'];

/** How numbers are computed; stands in the card and, for a job, in its specification. */
export type NumericSettings = z.infer<typeof numericSchema>;

/** Parses a card's bytes (at most 256 KiB of JSON). Refuses CARD_INVALID for anything the schema does not know. */
export function parseModelCard(bytes: Uint8Array): ModelCard {
  if (bytes.byteLength > 256 * 1024) throw new ModelRefusal('CARD_INVALID', 'the card is larger than 256 KiB');
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new ModelRefusal('CARD_INVALID', 'the card is not JSON');
  }
  return checkModelCard(json);
}

/** The same for a card that is already JSON. */
export function checkModelCard(json: unknown): ModelCard {
  const parsed = cardSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new ModelRefusal('CARD_INVALID', `${issue?.path.join('.') || 'card'}: ${issue?.message ?? 'not a card'}`);
}

/** Parses numeric settings that came from outside, as they stand in a job. Refuses SETTINGS_INVALID. */
export function parseNumericSettings(json: unknown): NumericSettings {
  const parsed = numericSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new ModelRefusal('SETTINGS_INVALID', `${issue?.path.join('.') || 'settings'}: ${issue?.message ?? 'invalid'}`);
}

/** A model's digest: SHA-256 of its card as stored, in lower-case hex. The card names the digests of all other files. */
export function modelDigest(cardBytes: Uint8Array): string {
  return createHash('sha256').update(cardBytes).digest('hex');
}
