import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type ModelCard, modelDigest, parseModelCard } from './card.ts';
import { ModelRefusal } from './model-refusal.ts';

/** The files of a model by name, as its card lists them. */
export type ModelFiles = ReadonlyMap<string, Uint8Array>;

/** A model as it lies in a folder or in a dataset version: parsed card, its digest, and every file that the card names. */
export interface Model {
  readonly card: ModelCard;
  readonly cardBytes: Uint8Array;
  readonly digest: string;
  readonly files: ModelFiles;
}

/** Reads a model folder (`card.json` beside the files it names) and checks every digest. Refuses as `checkModelFiles` does. */
export async function readModelFolder(folder: string): Promise<Model> {
  const cardBytes = await readFile(join(folder, 'card.json'));
  const card = parseModelCard(cardBytes);
  const files = new Map<string, Uint8Array>();
  for (const [name, { sizeBytes }] of Object.entries(card.files)) {
    const found = await stat(join(folder, name)).catch(() => undefined);
    if (found === undefined) throw new ModelRefusal('MODEL_FILE_MISSING', `${name} is not in the folder`);
    if (found.size !== sizeBytes) throw new ModelRefusal('MODEL_DIGEST_MISMATCH', `${name} has another size`);
    files.set(name, await readFile(join(folder, name)));
  }
  checkModelFiles(card, files);
  return { card, cardBytes, digest: modelDigest(cardBytes), files };
}

/** Puts a model together from the items of a dataset version of kind model: `card.json` and what it names; other items are left out. */
export function modelFromItems(items: ReadonlyMap<string, Uint8Array>): Model {
  const cardBytes = items.get('card.json');
  if (cardBytes === undefined) throw new ModelRefusal('MODEL_FILE_MISSING', 'card.json is not among the items');
  const card = parseModelCard(cardBytes);
  const files = new Map<string, Uint8Array>();
  for (const name of Object.keys(card.files)) {
    const bytes = items.get(name);
    if (bytes !== undefined) files.set(name, bytes);
  }
  checkModelFiles(card, files);
  return { card, cardBytes, digest: modelDigest(cardBytes), files };
}

/** Refuses MODEL_FILE_MISSING or MODEL_DIGEST_MISMATCH unless the files are byte for byte the ones the card names. */
export function checkModelFiles(card: ModelCard, files: ModelFiles): void {
  for (const [name, { sha256, sizeBytes }] of Object.entries(card.files)) {
    const bytes = files.get(name);
    if (bytes === undefined) throw new ModelRefusal('MODEL_FILE_MISSING', `the card names ${name}, which is not there`);
    if (bytes.byteLength !== sizeBytes || createHash('sha256').update(bytes).digest('hex') !== sha256) {
      throw new ModelRefusal('MODEL_DIGEST_MISMATCH', `${name} is not the file that the card names`);
    }
  }
}

/** The one file of a role, or a refusal when the card has none or several. */
export function fileOfRole(card: ModelCard, role: 'weights' | 'labels' | 'tokenizer'): string {
  const names = Object.keys(card.files).filter((name) => card.files[name]?.role === role);
  const [only] = names;
  if (only === undefined || names.length > 1) {
    throw new ModelRefusal('CARD_INVALID', `the card names ${names.length} files with the role ${role}, not one`);
  }
  return only;
}
