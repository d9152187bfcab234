/** Why bytes are not taken in. Asking again with the same bytes changes nothing. */
export type IngestRefusalCode =
  | 'EMPTY_INPUT'
  | 'EMPTY_ITEM'
  | 'NAME_INVALID'
  | 'ATTRIBUTES_INVALID'
  | 'MEDIA_TYPE_INVALID'
  | 'MEDIA_TYPE_MISMATCH'
  | 'ARROW_TRUNCATED'
  | 'ARROW_INVALID'
  | 'ARROW_UNSUPPORTED'
  | 'ARROW_COUNT_MISMATCH'
  | 'SETTINGS_INVALID';

/** A rule said no to an item, a table or settings; kind is always `invalid`. `item` names the item where there is one. */
export class IngestRefusal extends Error {
  override readonly name = 'IngestRefusal';
  readonly kind = 'invalid';
  readonly code: IngestRefusalCode;
  readonly detail: string;
  readonly item: string | undefined;

  constructor(code: IngestRefusalCode, detail: string, item?: string) {
    super(`${code}: ${detail}`);
    this.code = code;
    this.detail = detail;
    this.item = item;
  }
}

/** A segment is not what our writer wrote: damaged, cut short, or of another schema. The kind is that of a fault. */
export class SegmentCorrupt extends Error {
  override readonly name = 'SegmentCorrupt';
  readonly kind = 'corrupt';
}
