import { createHash } from 'node:crypto';
import {
  batchPlan,
  batchPlanDigest,
  type Claim,
  type ComputeNodeRecord,
  type JobRecord,
  type ModelVersionRecord,
  type PartitionRecord,
  readInferenceStatement,
  type VersionRecord,
} from '@d-cloud/chaincode/domain';
import { describe, expect, test } from '@jest/globals';
import { RowTrees } from '../attest/index.ts';
import { type Inference, type InferenceItem, type InferredRow, type ResultShape, readResults } from '../infer/index.ts';
import { type ItemRow, writeSegment } from '../ingest/index.ts';
import type { PlainSegment } from '../seal/index.ts';
import { manifestOf } from '../seal/manifest.ts';
import { slotsFor } from '../seal/testing/slot-memory.ts';
import { resultCells, resultColumns } from './result-rows.ts';
import { runPartition } from './run-partition.ts';
import { type PartitionTask, statementOf } from './statement.ts';

const hex = (text: string) => createHash('sha256').update(text).digest('hex');
const id = (kind: string) => `${kind}_${'a'.repeat(26)}`;
const shape: ResultShape = { task: 'image-classification' };
const rowSaltSecret = new Uint8Array(32).fill(5);

/** Three segments of the version, of which this partition is the last two. */
const segments = [
  [row('earlier', 0, 1)],
  [row('a', 0, 1), row('b', 0, 1), row('big-', 0, 0)],
  [row('item', 1, 2), row('bad', 0, 1)],
];
const version = {
  id: id('vers'),
  manifestCommitment: hex('manifest'),
  segmentRows: segments.map((rows) => rows.length),
} as unknown as VersionRecord;
const task = {
  channel: 'dcloud',
  job: {
    id: id('job'),
    outputVersion: id('vers'),
    batchRows: 2,
    numeric: { threads: 1, graphOptimization: 'all', preciseQuantization: true },
  } as unknown as JobRecord,
  partition: {
    index: 1,
    firstSegment: 1,
    segments: 2,
    firstRow: 1,
    rows: 5,
    attempts: 2,
  } as unknown as PartitionRecord,
  claim: { token: 3, challenge: hex('challenge') } as unknown as Claim,
  version,
  modelVersion: {
    model: id('modl'),
    number: 2,
    digest: hex('weights'),
    cardDigest: hex('card'),
    approvals: [{ transaction: hex('approval') }],
  } as unknown as ModelVersionRecord,
} satisfies PartitionTask;

function row(text: string, part: number, parts: number): ItemRow {
  const name = text.startsWith('big') || text === 'item' ? 'big-item' : text;
  return { name, media_type: 'image/png', bytes: Buffer.from(text), attributes: '{}', item: 0, part, parts };
}

/** A model that names what it sees, and notes how much it was given at once. */
function echo() {
  const batches: number[] = [];
  const inference = {
    card: { task: 'image-classification' },
    runtime: { ort: '1', executionProvider: 'cpu', isa: 'avx2', intraOpThreads: 1, dtype: 'float32' },
    run: async (items: readonly InferenceItem[]): Promise<InferredRow[]> => {
      batches.push(items.length);
      return items.map(({ bytes }) => {
        const label = Buffer.from(bytes).toString();
        if (label === 'bad') return { status: 'failed', reason: 'CORRUPT: bad' };
        return { status: 'ok', label, score: 0.5, top: [{ label, score: 0.5 }] };
      });
    },
  } as unknown as Inference;
  return { inference, batches };
}

async function run({ inference } = echo()) {
  const sealed: PlainSegment[] = [];
  const told: number[] = [];
  const input = async function* () {
    for (const [index, rows] of segments.slice(1).entries())
      yield { index: index + 1, rows: rows.length, bytes: writeSegment(rows) };
  };
  const times = [new Date('2026-01-01T00:00:00Z'), new Date('2026-01-01T00:00:09Z')];
  const { result, manifest } = await runPartition(task, {
    input: input() as never,
    inference,
    rowSaltSecret,
    itemBytes: 100,
    now: () => times.shift() as Date,
    onRows: (rows) => told.push(rows),
    seal: async (results) => {
      for await (const one of results) sealed.push(one);
      const digests = Buffer.alloc(7 * 32);
      return manifestOf({
        version: version.id,
        k: 4,
        n: 7,
        slots: slotsFor(7),
        segments: sealed.map(({ rows }, at) => ({ index: at + 1, rows, token: 3, fragmentBytes: 64, digests })),
        last: true,
        schemaHash: hex('schema'),
      });
    },
  });
  return { result, manifest, sealed, told };
}

describe('one partition', () => {
  test('gives one result row per row, in order, numbered as in the version; an item of several rows has its result in the last', async () => {
    const { sealed } = await run();
    expect(sealed.map(({ rows }) => rows)).toEqual([3, 2]);
    const rows = sealed.flatMap(({ bytes }) => readResults(bytes, shape));
    expect(rows.map((one) => [one.row, one.item, one.status, 'label' in one ? one.label : ''])).toEqual([
      [1n, 'a', 'ok', 'a'],
      [2n, 'b', 'ok', 'b'],
      [3n, 'big-item', 'part', ''],
      [4n, 'big-item', 'ok', 'big-item'],
      [5n, 'bad', 'failed', ''],
    ]);
  });

  test('is run in the batches of the plan, and tells rows as they are done', async () => {
    const model = echo();
    const { told } = await run(model);
    // Batches of 2, 1 and 2 rows; the third row gives nothing to run yet.
    expect(model.batches).toEqual([2, 0, 2]);
    expect(told).toEqual([2, 3, 5]);
  });

  test('has the root that anyone with its rows and the secret comes to, and counts what failed', async () => {
    const { result, sealed } = await run();
    const columns = resultColumns(shape);
    const plan = batchPlan(task.partition, version, task.job.batchRows);
    const trees = new RowTrees({ jobSecret: rowSaltSecret, partition: 1, plan, columns });
    for (const one of sealed.flatMap(({ bytes }) => readResults(bytes, shape)))
      trees.append(one.row, resultCells(one, shape));
    expect(result.resultRoot).toBe(Buffer.from(trees.finish().root).toString('hex'));
    expect(result).toMatchObject({ leaves: 5, batches: 3, failedRows: 1 });
  });

  test('gives the same bytes each time', async () => {
    const [once, again] = [await run(), await run()];
    expect(again).toEqual(once);
  });

  test('is stated as what the ledger fixed and what came out, with the sealed manifest as its subject', async () => {
    const { result, manifest } = await run();
    const statement = statementOf(
      task,
      {
        node: { id: id('comp'), organization: 'CedarMSP' } as unknown as ComputeNodeRecord,
        keyId: hex('key'),
        certificateSerial: 'ab12',
        nodeClass: 'J-1',
      },
      result,
    );
    expect(readInferenceStatement(JSON.parse(JSON.stringify(statement)))).toEqual(statement);
    expect(statement.subject[0]?.digest.sha256).toBe(createHash('sha256').update(manifest).digest('hex'));
    expect(statement.predicate).toMatchObject({
      job: task.job.id,
      partition: 1,
      token: 3,
      attempt: 3,
      challenge: hex('challenge'),
      model: { version: `${id('modl')}:2`, digest: hex('weights'), approval: hex('approval') },
      spec: { batchPlan: batchPlanDigest([2, 1, 2]), preprocessing: hex('card') },
      outputs: { leaves: 5, failedRows: 1, root: result.resultRoot },
      meter: { rows: 5, bytesIn: result.bytesIn, bytesOut: result.bytesOut },
      times: { started: '2026-01-01T00:00:00.000Z', finished: '2026-01-01T00:00:09.000Z' },
      assuranceLevel: 'self_attested',
    });
  });
});
