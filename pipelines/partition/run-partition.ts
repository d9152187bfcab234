/** The story of one partition, top to bottom: opened segments in, sealed and hashed results out. */
import { batchPlan } from '@d-cloud/chaincode/domain';
import { RowTrees, rowSchemaId } from '../attest/index.ts';
import { type Inference, type InferredRow, type ResultRow, resultShape, writeResults } from '../infer/index.ts';
import { type ItemRow, readSegment } from '../ingest/index.ts';
import {
  encodeManifest,
  manifestHash,
  type OpenedSegment,
  type PlainSegment,
  type StorageManifest,
} from '../seal/index.ts';
import { ItemAssembly } from './assemble-items.ts';
import { resultCells, resultColumns } from './result-rows.ts';
import type { PartitionResult, PartitionTask } from './statement.ts';

/** What running a partition needs of the outside. Whoever calls gathers, opens, seals and stores. */
export type PartitionPowers = {
  /** The partition's input segments, opened, in order. */
  readonly input: AsyncIterable<OpenedSegment>;
  readonly inference: Inference;
  /** Seals and stores the result segments as they come. */
  readonly seal: (results: AsyncIterable<PlainSegment>) => Promise<StorageManifest>;
  /** The job's secret behind the rows' salts, 32 bytes. */
  readonly rowSaltSecret: Uint8Array;
  /** Bytes of the largest item that is put together from part rows. */
  readonly itemBytes: number;
  readonly now: () => Date;
  readonly onRows: (rowsDone: number) => void;
};

/** Runs a partition and says what came out; the manifest's bytes are what the requester keeps and the statement names. */
export async function runPartition(
  task: PartitionTask,
  powers: PartitionPowers,
): Promise<{ readonly result: PartitionResult; readonly manifest: Uint8Array }> {
  const { inference, rowSaltSecret, now } = powers;
  const started = now();
  const shape = resultShape(inference.card);
  const columns = resultColumns(shape);
  const plan = batchPlan(task.partition, task.version, task.job.batchRows);
  const trees = new RowTrees({ jobSecret: rowSaltSecret, partition: task.partition.index, plan, columns });
  const count = { rows: 0, failed: 0, bytesIn: 0, bytesOut: 0 };

  async function* results(): AsyncGenerator<PlainSegment> {
    const assembly = new ItemAssembly(powers.itemBytes);
    for await (const segment of powers.input) {
      const rows = await inferSegment(task, powers, assembly, segment, count.rows);
      for (const row of rows) {
        trees.append(row.row, resultCells(row, shape));
        if (row.status === 'failed') count.failed++;
      }
      const bytes = writeResults(rows, shape);
      count.rows += rows.length;
      count.bytesIn += segment.bytes.length;
      count.bytesOut += bytes.length;
      yield { bytes, rows: rows.length };
    }
  }

  const manifest = encodeManifest(await powers.seal(results()));
  const { root, batchRoots, leaves } = trees.finish();
  return {
    manifest,
    result: {
      manifestHash: manifestHash(manifest),
      resultRoot: Buffer.from(root).toString('hex'),
      leaves,
      batches: batchRoots.length,
      failedRows: count.failed,
      schemaHash: Buffer.from(rowSchemaId(columns)).toString('hex'),
      bytesIn: count.bytesIn,
      bytesOut: count.bytesOut,
      runtime: inference.runtime,
      started,
      finished: now(),
    },
  };
}

/** One segment's rows through the model, batch by planned batch. */
async function inferSegment(
  { job, partition }: PartitionTask,
  { inference, onRows }: PartitionPowers,
  assembly: ItemAssembly,
  { bytes, rows: expected }: OpenedSegment,
  rowsBefore: number,
): Promise<ResultRow[]> {
  const rows = readSegment(bytes, { rows: expected });
  const results: ResultRow[] = [];
  for (let from = 0; from < rows.length; from += job.batchRows) {
    const batch = rows.slice(from, from + job.batchRows);
    for (const [at, inferred] of (await inferBatch(inference, assembly, batch)).entries()) {
      const item = batch[at] as ItemRow;
      results.push({ row: BigInt(partition.firstRow + rowsBefore + from + at), item: item.name, ...inferred });
    }
    onRows(rowsBefore + results.length);
  }
  return results;
}

async function inferBatch(
  inference: Inference,
  assembly: ItemAssembly,
  rows: readonly ItemRow[],
): Promise<InferredRow[]> {
  const assembled = rows.map((row) => assembly.add(row));
  const inferred = await inference.run(assembled.flatMap((one) => (one.kind === 'whole' ? [one.item] : [])));
  let next = 0;
  return assembled.map((one) => {
    if (one.kind === 'part') return { status: 'part' };
    if (one.kind === 'failed') return { status: 'failed', reason: one.reason };
    return inferred[next++] as InferredRow;
  });
}
