import { createRequire } from 'node:module';
import { readIsa } from './isa.ts';

/** What equal bits depend on and this machine has: ONNX Runtime's version, its execution provider, the instruction set. */
export type MachineRuntime = { readonly ort: string; readonly executionProvider: 'cpu'; readonly isa: string };

/** This machine's runtime as a compute node is registered with it, told without loading ONNX Runtime. */
export function machineRuntime(): MachineRuntime {
  const { version } = createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string };
  return { ort: version, executionProvider: 'cpu', isa: readIsa() };
}
