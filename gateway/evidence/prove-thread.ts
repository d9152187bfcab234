/** The program of a thread that proves result rows: opens the partitions they lie in, hashes every row again, gives the paths. */
import { parentPort, workerData } from 'node:worker_threads';
import { StorageRoutes } from '@d-cloud/network/store';
import { RowProver } from '@d-cloud/pipelines/attest';
import { type ResultRow, type ResultShape, readResults } from '@d-cloud/pipelines/infer';
import { resultCells, resultColumns } from '@d-cloud/pipelines/partition';
import { type OpenedSegment, openSegments, parseManifest, SealThreads } from '@d-cloud/pipelines/seal';
import { type FixedSizeList, tableFromIPC } from 'apache-arrow';
import type { FromProveThread, PartitionToProve, ProveInit, Proven } from './prove-messages.ts';
import { readableRow } from './readable-row.ts';

const init = workerData as ProveInit;

async function prove(): Promise<Proven> {
  await using routes = new StorageRoutes({ routes: new Map([...init.ways].map(([id, { route }]) => [id, route])) });
  await using threads = new SealThreads();
  const manifest = parseManifest(init.manifest);
  const bySlot =
    init.slots ?? [...manifest.slots].sort((a, b) => a.slot - b.slot).map(({ storageNode }) => storageNode);
  const blocks = routes.bind(bySlot, { words: init.right });
  const open = (range: { from: number; to: number }) =>
    openSegments(manifest, {
      secretFor: () => ({ cek: init.contentKey, s: init.s }),
      get: (slot, cid, options) => blocks.getUnverified(slot, cid, options),
      threads,
      range,
    });
  let dimensions: number | undefined;
  const proofs: Proven['proofs'][number][] = [];
  const roots: Proven['roots'][number][] = [];
  for (const partition of init.partitions) {
    const opened = await Array.fromAsync(open(partition));
    dimensions ??= dimensionsOf(opened);
    const shape: ResultShape =
      init.task === 'text-embedding' ? { task: init.task, dimensions: dimensions ?? 0 } : { task: init.task };
    const { root, proven } = provePartition(partition, opened, shape);
    roots.push({ partition: partition.index, root });
    proofs.push(...proven);
  }
  return { ...(dimensions === undefined ? {} : { dimensions }), proofs, roots };
}

function dimensionsOf(opened: readonly OpenedSegment[]): number | undefined {
  if (init.task !== 'text-embedding' || opened[0] === undefined) return undefined;
  const field = tableFromIPC(opened[0].bytes).schema.fields.find(({ name }) => name === 'embedding');
  return (field?.type as FixedSizeList | undefined)?.listSize;
}

function provePartition(
  { index, firstRow, plan, rows }: PartitionToProve,
  opened: readonly OpenedSegment[],
  shape: ResultShape,
) {
  const all: ResultRow[] = opened.flatMap(({ bytes, rows: expected }) => readResults(bytes, shape, { rows: expected }));
  const prover = new RowProver({
    jobSecret: init.rowSaltSecret,
    partition: index,
    plan,
    columns: resultColumns(shape),
  });
  for (const row of all) prover.append(row.row, resultCells(row, shape));
  const proven = rows.flatMap((wanted) => {
    const row = all[wanted - firstRow];
    if (row === undefined) return [];
    const { batch, at } = placeOf(wanted - firstRow, plan);
    return [
      { partition: index, row: readableRow(row), proof: prover.prove(batch, at, row.row, resultCells(row, shape)) },
    ];
  });
  return { root: Buffer.from(prover.root()).toString('hex'), proven };
}

/** Which batch a partition's row is in, and where in it. */
function placeOf(row: number, plan: readonly number[]): { batch: number; at: number } {
  let at = row;
  for (const [batch, rows] of plan.entries()) {
    if (at < rows) return { batch, at };
    at -= rows;
  }
  throw new RangeError(`the plan has no row ${row}`);
}

const said: FromProveThread = await prove().then(
  (proven) => ({ kind: 'proven', proven }) as const,
  (error: unknown) => ({ kind: 'failed', detail: error instanceof Error ? error.message : String(error) }) as const,
);
parentPort?.postMessage(said);
parentPort?.close();
