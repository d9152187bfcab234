export {
  checkModelCard,
  type ImageCard,
  type ModelCard,
  modelDigest,
  type NumericSettings,
  parseModelCard,
  parseNumericSettings,
  type Task,
  type TextCard,
} from './card.ts';
export type { FailureCode, RuntimeInfo } from './child/protocol.ts';
export {
  defaultInferenceLimits,
  type Inference,
  type InferenceItem,
  type InferenceLimits,
  type InferenceOptions,
  openInference,
} from './inference.ts';
export { InferenceFault } from './inference-fault.ts';
export { type MachineRuntime, machineRuntime } from './machine-runtime.ts';
export { checkModelFiles, type Model, type ModelFiles, modelFromItems, readModelFolder } from './model-files.ts';
export { ModelRefusal, type ModelRefusalCode } from './model-refusal.ts';
export { type Neighbour, nearest } from './nearest.ts';
export { type OnnxSummary, scanOnnx } from './onnx-scan.ts';
export type { EmbeddingRow, FailedRow, InferredRow, LabelRow, PartRow, ResultRow, ScoredLabel } from './result-row.ts';
export { type ResultShape, readResults, resultSchemaHash, resultShape, writeResults } from './result-segment.ts';
export type { Confinement } from './sandbox/confinement.ts';
export { sandboxConfinement } from './sandbox/sandbox.ts';
