import { Sandbox, SandboxDeath } from '../infer/sandbox/sandbox.ts';
import type { TableAnswer, TableRequest } from './child/main.ts';
import { IngestRefusal, type IngestRefusalCode } from './ingest-refusal.ts';
import type { Segment } from './segment.ts';
import { type SegmentSettings, segmentSettings } from './segment-settings.ts';

/** What the publisher says the table holds; a stream that holds something else is refused. */
export interface TableExpectation {
  readonly rows?: number;
  readonly batches?: number;
}

/** What was found in the table; the schema hash is the SHA-256 of the stream's schema message. */
export interface TableSummary {
  readonly rows: number;
  readonly batches: number;
  readonly schemaHash: string;
}

const limits = { memoryBytes: 3 * 2 ** 30, heapBytes: 1 << 30 };
const pieceBytes = 1 << 20;
const deadlineMs = 20_000;

/**
 * Takes in an Arrow IPC stream of any length and gives it back as self-contained segments; returns the counts. A stranger's Arrow is parsed in a sandboxed child only.
 * Refuses streams without their end mark (a stream cut at a message boundary would otherwise pass for a shorter table), without rows, invalid ones, and counts other than expected.
 */
export async function* ingestTable(
  stream: AsyncIterable<Uint8Array>,
  settings: Partial<SegmentSettings> = {},
  options: { readonly expected?: TableExpectation; readonly signal?: AbortSignal } = {},
): AsyncGenerator<Segment, TableSummary> {
  await using child = new Sandbox(new URL('./child/main.js', import.meta.url), limits);
  let index = 0;
  let firstItem = 0;
  const ask = async (request: TableRequest, body: readonly Uint8Array[] = []) => {
    try {
      const answer = child.receive<TableAnswer>(deadlineMs, options.signal);
      const [frame] = await Promise.all([answer, child.send(request, body)]);
      return frame;
    } catch (error) {
      if (!(error instanceof SandboxDeath)) throw error;
      throw new IngestRefusal('ARROW_INVALID', 'the stream ended the process that read it');
    }
  };
  const segments = function* ({ header, body }: Awaited<ReturnType<typeof ask>>): Generator<Segment> {
    if (header.kind === 'refused') throw new IngestRefusal(header.code as IngestRefusalCode, header.detail);
    let at = 0;
    for (const { rows, sizeBytes } of header.segments) {
      yield { index, bytes: body.subarray(at, at + sizeBytes), rows, items: rows, firstItem, endsItem: true };
      at += sizeBytes;
      firstItem += rows;
      index++;
    }
  };
  yield* segments(await ask({ kind: 'open', settings: segmentSettings(settings) }));
  for await (const piece of stream) {
    for (let at = 0; at < piece.byteLength; at += pieceBytes) {
      yield* segments(await ask({ kind: 'piece' }, [piece.subarray(at, at + pieceBytes)]));
    }
  }
  const last = await ask({ kind: 'end' });
  yield* segments(last);
  const count = last.header.kind === 'segments' ? last.header.count : undefined;
  if (count === undefined || count.rows === 0) throw new IngestRefusal('EMPTY_INPUT', 'the table has no rows');
  for (const key of ['rows', 'batches'] as const) {
    const wanted = options.expected?.[key];
    if (wanted !== undefined && wanted !== count[key]) {
      throw new IngestRefusal('ARROW_COUNT_MISMATCH', `the table has ${count[key]} ${key}, not ${wanted}`);
    }
  }
  return count;
}
