import { Fault } from '@d-cloud/network/ledger';
import { z } from 'zod';

/** The longest first line that is read. */
export const longestHeaderBytes = 4096;

const headerSchema = z.strictObject({
  format: z.literal('d-cloud backup'),
  v: z.literal(1),
  /** Whose gateway, by its name in the network. */
  organization: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/),
  takenAt: z.iso.datetime(),
  kdf: z.literal('scrypt N=131072 r=8 p=1'),
  cipher: z.literal('AES-256-GCM in segments of 65536'),
  salt: z.base64().length(44),
  check: z.base64().length(44),
});

/** The first line of a backup, in clear: what it is, whose, from when, and how it is sealed. */
export type ArchiveHeader = z.output<typeof headerSchema>;

export function headerFor(of: Pick<ArchiveHeader, 'organization' | 'takenAt'>, salt: Uint8Array) {
  return {
    format: 'd-cloud backup',
    v: 1,
    ...of,
    kdf: 'scrypt N=131072 r=8 p=1',
    cipher: 'AES-256-GCM in segments of 65536',
    salt: Buffer.from(salt).toString('base64'),
  } as const satisfies Partial<ArchiveHeader>;
}

/** The line as it stands in the file, and is bound into the key without `check`, which the key gives. */
export function headerLine(header: Partial<ArchiveHeader>): Buffer {
  return Buffer.from(`${JSON.stringify(header)}\n`);
}

/** Reads the first line of a file's beginning. Fault `corrupt` where it is no backup, or one of a version that this program cannot read. */
export function readHeader(beginning: Buffer): { readonly header: ArchiveHeader; readonly sizeBytes: number } {
  const end = beginning.indexOf('\n');
  let value: unknown;
  try {
    value = JSON.parse(beginning.toString('utf8', 0, Math.max(end, 0)));
  } catch {
    throw new Fault('corrupt', 'This file is not a backup of a gateway.');
  }
  const parsed = headerSchema.safeParse(value);
  if (parsed.success) return { header: parsed.data, sizeBytes: end + 1 };
  const named = z.object({ format: z.literal('d-cloud backup'), v: z.int() }).safeParse(value);
  if (named.success && named.data.v !== 1)
    throw new Fault('corrupt', `This backup is of version ${named.data.v}, which this program cannot read.`);
  throw new Fault('corrupt', 'This file is not a backup of a gateway, or its first line was altered.');
}
