import { IngestRefusal } from './ingest-refusal.ts';
import { mediaTypeOfName } from './media-type.ts';

/** One file or record as its publisher hands it in; its bytes are read once, piece by piece. */
export interface SourceItem {
  readonly name: string;
  /** Taken from the name's extension when it is not declared. */
  readonly mediaType?: string;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** What stands in every row of an item, checked. */
export interface ItemLabels {
  readonly name: string;
  readonly media_type: string;
  readonly attributes: string;
}

const limits = { nameBytes: 1024, attributes: 64, attributesBytes: 16 * 1024 };

/**
 * Checks what a publisher says about an item. Names are data only, never paths of ours: 1 to 1024 bytes of UTF-8 without control characters.
 * Refuses NAME_INVALID, MEDIA_TYPE_INVALID, ATTRIBUTES_INVALID.
 */
export function itemLabels(source: Omit<SourceItem, 'bytes'>): ItemLabels {
  const { name } = source;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (name === '' || !name.isWellFormed() || /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(name)) {
    throw new IngestRefusal('NAME_INVALID', 'a name is empty, not Unicode, or has control characters', name);
  }
  if (Buffer.byteLength(name) > limits.nameBytes) {
    throw new IngestRefusal('NAME_INVALID', `a name is longer than ${limits.nameBytes} bytes`, name);
  }
  const mediaType = (source.mediaType ?? mediaTypeOfName(name)).split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (!/^[a-z]+\/[a-z0-9.+_-]{1,100}$/.test(mediaType)) {
    throw new IngestRefusal('MEDIA_TYPE_INVALID', 'the declared media type is none', name);
  }
  return { name, media_type: mediaType, attributes: canonicalAttributes(source.attributes ?? {}, name) };
}

function canonicalAttributes(attributes: Readonly<Record<string, string>>, name: string): string {
  const entries = Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1));
  const good = entries.every(([key, value]) => typeof value === 'string' && key.isWellFormed() && value.isWellFormed());
  const text = `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(',')}}`;
  if (!good || entries.length > limits.attributes || Buffer.byteLength(text) > limits.attributesBytes) {
    throw new IngestRefusal('ATTRIBUTES_INVALID', 'attributes are at most 64 texts and 16 KiB', name);
  }
  return text;
}
