import { type Id, type IdKind, isId, isMspId, type MspId } from '@d-cloud/chaincode/domain';
import { z } from 'zod';

/** Ids as they stand in paths, queries and bodies. */
export const idOf = <K extends IdKind>(kind: K) =>
  z
    .custom<Id<K>>((value) => isId(kind, value), `must be an id of the form ${kind}_<26 characters>`)
    .meta({ override: { type: 'string', pattern: `^${kind}_[a-z2-7]{26}$` }, description: `Id of kind ${kind}` });

export const mspId = z.custom<MspId>(isMspId, 'must be an MSP id').meta({
  override: { type: 'string', pattern: '^[A-Za-z0-9][A-Za-z0-9.-]{0,63}$' },
  description: 'MSP id of an organization',
});

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
const writable = /^[^\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]*$/;

/** Text for people, as the ledger takes it: no control characters and nothing that turns the writing direction. */
export const text = (min: number, max: number) =>
  z.string().min(min).max(max).regex(writable, 'must not hold control characters');

export const purposeId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9:._#/-]{0,127}$/, 'must be a purpose id such as dpv:AcademicResearch');
export const digest = z.string().regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 in lower-case hex');
export const amount = z.string().regex(/^(?:0|[1-9][0-9]{0,29})$/, 'must be a whole amount as a decimal string');
export const instant = z.iso.datetime({ message: 'must be a time in UTC such as 2026-01-31T12:00:00Z' });
export const count = z.int().min(1);

/** A list that says nothing twice. */
export const setOf = <T extends z.ZodType<string>>(of: T, min: number, max: number) =>
  z
    .array(of)
    .min(min)
    .max(max)
    .refine((entries) => new Set(entries).size === entries.length, 'must not repeat an entry');
