import { createHash } from 'node:crypto';
import {
  ingestItems,
  ingestTable,
  itemSchema,
  mediaTypeOfName,
  type Segment,
  type SourceItem,
} from '@d-cloud/pipelines/ingest';
import { Rejection } from '../http/problem.ts';
import { arrowMessageBytes } from '../open/join-arrow.ts';
import { readTar } from './read-tar.ts';
import type { UploadForm } from './upload-messages.ts';

/** Segments of an upload with the hash of their one schema: SHA-256 of the Arrow schema message that each of them begins with, hex. */
export type Ingested = { readonly schemaHash: string; readonly segments: AsyncIterable<Segment> };

const mebibyte = 1024 * 1024;
const room = 64 * 1024;

/** Cuts an upload into segments: a folder's files and a single file as items, a table into batches of its own. Throws `Rejection` or `IngestRefusal`. */
export async function ingestUpload(
  content: AsyncIterable<Uint8Array>,
  form: UploadForm,
  statedBytes: number | undefined,
): Promise<Ingested> {
  const settings = { segmentBytes: segmentBytesFor(statedBytes) };
  switch (form.kind) {
    case 'folder':
      return { schemaHash: itemSchema.hash, segments: ingestItems(itemsOf(content), settings) };
    case 'file':
      return { schemaHash: itemSchema.hash, segments: ingestItems([{ ...form, bytes: content }], settings) };
    case 'table':
      return tableOf(ingestTable(content, settings));
  }
}

/**
 * Bytes of content in a segment: one stripe of 4 fragments where there is known to be much, with room for what Arrow and sealing add, and less
 * otherwise, so that even a small version has several segments for several compute nodes.
 */
function segmentBytesFor(statedBytes = 0): number {
  if (statedBytes > 64 * mebibyte) return 4 * mebibyte - room;
  return (statedBytes > 8 * mebibyte || statedBytes === 0 ? 2 : 1) * mebibyte - room;
}

/** A file's size stands with it, so that it can be written to an archive again before its last part is known. */
async function* itemsOf(content: AsyncIterable<Uint8Array>): AsyncGenerator<SourceItem> {
  let files = 0;
  for await (const { name, sizeBytes, body } of readTar(content)) {
    files++;
    yield { name, mediaType: mediaTypeOfName(name), attributes: { size: String(sizeBytes) }, bytes: body };
  }
  if (files === 0) throw new Rejection('CONTENT_INVALID', 'The archive has no file.');
}

async function tableOf(segments: AsyncGenerator<Segment, unknown>): Promise<Ingested> {
  const first = await segments.next();
  if (first.done === true) throw new Rejection('CONTENT_INVALID', 'The table has no rows.');
  const { bytes } = first.value;
  const schemaHash = createHash('sha256')
    .update(bytes.subarray(0, arrowMessageBytes(bytes, 0)))
    .digest('hex');
  async function* all(): AsyncGenerator<Segment> {
    yield first.value as Segment;
    yield* segments;
  }
  return { schemaHash, segments: all() };
}
