import type { InferenceSession, OnnxValue, Tensor } from 'onnxruntime-node';
import type { NumericSettings } from '../card.ts';
import { ModelRefusal } from '../model-refusal.ts';
import { ItemFailure } from './protocol.ts';

/** ONNX Runtime's session options for numeric settings. Its configuration keys are nested at the dots (`extra`). */
export function sessionOptions(settings: NumericSettings): InferenceSession.SessionOptions {
  const extra: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(settings.sessionOptions)) {
    let at = extra;
    const path = key.split('.');
    for (const part of path.slice(0, -1)) {
      at[part] ??= {};
      at = at[part] as Record<string, unknown>;
    }
    at[path.at(-1) as string] = value;
  }
  return {
    executionProviders: ['cpu'],
    intraOpNumThreads: settings.intraOpThreads,
    interOpNumThreads: settings.interOpThreads,
    executionMode: settings.executionMode,
    graphOptimizationLevel: settings.graphOptimizationLevel,
    logSeverityLevel: 3,
    extra,
  };
}

/** Refuses MODEL_TENSOR_MISMATCH unless the session has this tensor with this dtype. */
export function checkTensor(
  side: 'input' | 'output',
  tensors: readonly InferenceSession.ValueMetadata[],
  name: string,
  dtype: string,
): void {
  const found = tensors.find((tensor) => tensor.name === name);
  if (found === undefined || !found.isTensor || found.type !== dtype) {
    throw new ModelRefusal('MODEL_TENSOR_MISMATCH', `the model has no ${dtype} ${side} named ${name}`);
  }
}

/** One run of the model for one output. Throws ItemFailure MODEL_FAILED when ONNX Runtime gives up, MODEL_TENSOR_MISMATCH when the output has another number of values. */
export async function runModel(
  session: InferenceSession,
  feeds: Readonly<Record<string, Tensor>>,
  output: string,
  values: number,
): Promise<Float32Array> {
  const results: Record<string, OnnxValue> = await session.run(feeds, [output]).catch(() => {
    throw new ItemFailure('MODEL_FAILED', 'the model could not be run on the item');
  });
  const data = results[output]?.data as Float32Array;
  if (data.length !== values) {
    throw new ModelRefusal('MODEL_TENSOR_MISMATCH', `${output} has another shape than the card says`);
  }
  return data;
}
