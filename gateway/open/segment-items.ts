import { Fault } from '@d-cloud/network/ledger';
import { readSegment } from '@d-cloud/pipelines/ingest';
import type { OpenedSegment } from '@d-cloud/pipelines/seal';
import { checkItemName } from '../publish/item-name.ts';

/** An item of a version made of files. Its body must be read to its end before the next item is asked for. */
export type OpenedItem = {
  readonly name: string;
  readonly mediaType: string;
  /** In bytes; missing when it goes on in further segments and its publisher did not say it. */
  readonly sizeBytes: number | undefined;
  /** Whether it is one row. */
  readonly isWhole: boolean;
  readonly body: AsyncIterable<Uint8Array>;
};

/** Reads items out of segments in order, holding one segment: an item that goes on in the next segment is a stream over both. */
export async function* itemsOf(segments: AsyncIterable<OpenedSegment>): AsyncGenerator<OpenedItem> {
  const rows = rowsOf(segments);
  for (;;) {
    const first = await rows.next();
    if (first.done === true) return;
    const { bytes, parts, attributes } = first.value;
    const name = safeName(first.value.name);
    const mediaType = plainMediaType.test(first.value.media_type) ? first.value.media_type : 'application/octet-stream';
    let isWhole = parts === 1;
    async function* body(): AsyncGenerator<Uint8Array> {
      yield bytes;
      while (!isWhole) {
        const next = await rows.next();
        if (next.done === true) throw new Fault('corrupt', 'A version ends in the middle of an item.');
        isWhole = next.value.parts > 0;
        yield next.value.bytes;
      }
    }
    yield { name, mediaType, isWhole, sizeBytes: isWhole ? bytes.length : statedSize(attributes), body: body() };
    if (!isWhole) throw new RangeError('an item was left before its end');
  }
}

const plainMediaType = /^[a-z]+\/[a-z0-9.+_-]{1,100}$/;

/** Whoever sealed the version may not have checked its names as we do, and they become paths where the reader unpacks them. */
function safeName(name: string): string {
  try {
    return checkItemName(name);
  } catch (cause) {
    throw new Fault('corrupt', 'The version has a file whose name would leave its folder or hides characters.', {
      cause,
    });
  }
}

async function* rowsOf(segments: AsyncIterable<OpenedSegment>) {
  for await (const { bytes, rows } of segments) yield* readSegment(bytes, { rows });
}

function statedSize(attributes: string): number | undefined {
  const size = Number((JSON.parse(attributes) as { size?: unknown }).size ?? Number.NaN);
  return Number.isSafeInteger(size) && size >= 0 ? size : undefined;
}
