export { resultCells, resultColumns } from './result-rows.ts';
export { type PartitionPowers, runPartition } from './run-partition.ts';
export { type Attester, type PartitionResult, type PartitionTask, statementOf } from './statement.ts';
