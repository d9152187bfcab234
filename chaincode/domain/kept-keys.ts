import { type KeptEntry, keptEntries, keptNames, limits } from './bodies.ts';
import { parseCanonicalJson } from './canonical-json.ts';
import type { DatasetId, MspId, VersionId } from './ids.ts';

/**
 * The name of what an organization keeps in its implicit private collection, in ciphertext, so that the loss of its gateway's disk loses
 * nothing: what of the organization is secret, a dataset's key of an epoch, a version's keys and places.
 */
export type KeptName = string & { readonly keptName?: true };

export const keptName = {
  organization: (): KeptName => 'organization/own',
  dataset: (dataset: DatasetId, epoch: number): KeptName => `dataset/${dataset}/${epoch}`,
  version: (version: VersionId): KeptName => `version/${version}`,
} as const;

/** The implicit collection of an organization: its peers alone hold what is in it, everybody's hold the hashes. */
export function implicitCollection(mspId: MspId): string {
  return `_implicit_org_${mspId}`;
}

/** Reads the entries that came beside `key:keep`. */
export function readKeptEntries(text: string): readonly KeptEntry[] {
  return keptEntries(parseCanonicalJson(text, 'the kept entries', limits.keptCharacters), 'entries');
}

/** Reads the names that came beside `key:purge`. */
export function readKeptNames(text: string): readonly KeptName[] {
  return keptNames(parseCanonicalJson(text, 'the names', limits.bodyCharacters), 'names');
}
