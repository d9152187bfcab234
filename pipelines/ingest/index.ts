export {
  type Column,
  optionalFloat32,
  optionalScoredList,
  optionalUtf8,
  optionalVector,
  uint64,
  utf8,
} from './arrow/columns.ts';
export { FixedTable } from './arrow/fixed-table.ts';
export { countRows } from './arrow/messages.ts';
export { ingestItems } from './ingest-items.ts';
export { IngestRefusal, type IngestRefusalCode, SegmentCorrupt } from './ingest-refusal.ts';
export { ingestTable, type TableExpectation, type TableSummary } from './ingest-table.ts';
export { mediaTypeOfName, mediaTypesAgree, sniffMediaType } from './media-type.ts';
export { readFolder } from './read-folder.ts';
export { type ItemRow, itemSchema, readSegment, type Segment, writeSegment } from './segment.ts';
export { type SegmentSettings, segmentSettings } from './segment-settings.ts';
export type { SourceItem } from './source-item.ts';
export { type WholeItem, wholeItems } from './whole-items.ts';
