import { batchPlan, type JobRecord, type VersionRecord } from '@d-cloud/chaincode/domain';
import { RowEncoder, rowProofHolds, rowSchemaId } from '@d-cloud/pipelines/attest';
import { resultColumns } from '@d-cloud/pipelines/partition';
import { must } from './checks.ts';
import type { EvidencePack } from './pack.ts';
import { cellsOf, shapeOf } from './readable-row.ts';
import type { ToldPartition } from './verify-job.ts';

/** Every shown row: its bytes say what is shown, and stand under the attested root of its partition at its place. */
export function verifyRows(
  pack: EvidencePack,
  job: JobRecord,
  version: VersionRecord,
  partitions: readonly ToldPartition[],
) {
  const shape = shapeOf(pack.shape);
  const columns = resultColumns(shape);
  const encoder = new RowEncoder(columns);
  const schema = Buffer.from(rowSchemaId(columns)).toString('hex');
  for (const { partition: index, row, proof } of pack.proofs) {
    const told = partitions.find(({ partition }) => partition.index === index);
    must(told !== undefined, `row ${row.row} is of partition ${index}, which is not attested`);
    must(told.schema === schema, `partition ${index} was attested with other columns`);
    const plan = batchPlan(told.partition, version, job.batchRows);
    const place = plan.slice(0, proof.batch).reduce((sum, rows) => sum + rows, told.partition.firstRow) + proof.row;
    must(
      proof.batches === plan.length && proof.rows === plan[proof.batch] && place === row.row,
      `the proof of row ${row.row} is of another place`,
    );
    const bytes = Buffer.from(encoder.encode(row.row, cellsOf(row, shape))).toString('hex');
    must(bytes === proof.bytes, `row ${row.row} does not say what its proven bytes say`);
    must(rowProofHolds(Buffer.from(told.root, 'hex'), proof), `row ${row.row} does not stand under the attested root`);
  }
  return {
    found: pack.proofs.length,
    sentence:
      pack.proofs.length === 0
        ? 'The pack proves no single rows.'
        : `${pack.proofs.length} result row(s) stand under the attested roots: ${pack.proofs.map(({ row }) => row.row).join(', ')}.`,
  };
}
