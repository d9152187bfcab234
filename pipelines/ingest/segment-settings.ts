import { z } from 'zod';
import { IngestRefusal } from './ingest-refusal.ts';

const schema = z.strictObject({
  /** Bytes of item content (for tables: of Arrow data) that a segment aims at; larger items are cut into parts of this size. */
  segmentBytes: z
    .int()
    .min(64 * 1024)
    .max(256 * 2 ** 20)
    .default(8 * 2 ** 20),
  /** Most rows of one segment. */
  segmentRows: z
    .int()
    .min(1)
    .max(1 << 20)
    .default(4096),
  /** What becomes of an item of no bytes. */
  emptyItems: z.enum(['refuse', 'keep']).default('refuse'),
});

/** How input is cut into segments. Equal input and settings give equal bytes. */
export type SegmentSettings = z.infer<typeof schema>;

/** Fills in the defaults (8 MiB, 4096 rows, empty items refused). Refuses SETTINGS_INVALID. */
export function segmentSettings(settings: Partial<SegmentSettings> = {}): SegmentSettings {
  const parsed = schema.safeParse(settings);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new IngestRefusal('SETTINGS_INVALID', `${issue?.path.join('.') || 'settings'}: ${issue?.message ?? 'invalid'}`);
}
