// The program of the table child: takes one Arrow stream in pieces and answers each with the segments that it completed.

import { readFrames, writeFrame } from '../../infer/sandbox/child-pipe.ts';
import { IngestRefusal } from '../ingest-refusal.ts';
import type { SegmentSettings } from '../segment-settings.ts';
import { TableCutter, type TableSegment } from './table-cutter.ts';

export type TableRequest =
  | { readonly kind: 'open'; readonly settings: SegmentSettings }
  | { readonly kind: 'piece' }
  | { readonly kind: 'end' };

export type TableAnswer =
  | {
      readonly kind: 'segments';
      readonly segments: readonly { readonly rows: number; readonly sizeBytes: number }[];
      readonly count?: { readonly rows: number; readonly batches: number; readonly schemaHash: string };
    }
  | { readonly kind: 'refused'; readonly code: string; readonly detail: string };

let cutter: TableCutter | undefined;

for await (const { header, body } of readFrames<TableRequest>()) {
  try {
    if (header.kind === 'open') {
      cutter = new TableCutter(header.settings);
      await answer([]);
    } else if (header.kind === 'piece') await answer([...(cutter?.push(body) ?? [])]);
    else await answer([...(cutter?.end() ?? [])], cutter?.count);
  } catch (error) {
    if (!(error instanceof IngestRefusal)) throw error;
    await writeFrame({ kind: 'refused', code: error.code, detail: error.detail } satisfies TableAnswer);
  }
}
process.exit(0);

async function answer(segments: readonly TableSegment[], count?: TableCutter['count']): Promise<void> {
  const sizes = segments.map(({ rows, bytes }) => ({ rows, sizeBytes: bytes.byteLength }));
  const header: TableAnswer = { kind: 'segments', segments: sizes, ...(count === undefined ? {} : { count }) };
  await writeFrame(
    header,
    segments.map(({ bytes }) => bytes),
  );
}
