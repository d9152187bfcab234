import { execFileSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import { readModelFolder } from '../model-files.ts';
import { sessionOptions } from './session.ts';

const models = new URL('../../../../models/', import.meta.url).pathname;

describe('the numeric settings of a card', () => {
  test.each(['efficientnet-lite0', 'minilm-l6-v2'])(
    'reach ONNX Runtime for %s, the precision of int8 kernels above all',
    async (name) => {
      const { card } = await readModelFolder(`${models}${name}`);
      const options = { ...sessionOptions(card.numeric), logSeverityLevel: 1 };
      // ONNX Runtime writes the options it really uses into its own log.
      const program = `import('onnxruntime-node').then(({ InferenceSession }) =>
      InferenceSession.create(${JSON.stringify(`${models}${name}/model.onnx`)}, ${JSON.stringify(options)}))`;
      const log = execFileSync('/bin/sh', ['-c', '"$0" -e "$1" 2>&1', process.execPath, program], {
        cwd: new URL('.', import.meta.url).pathname,
        env: { ORT_DISABLE_TELEMETRY: '1' },
        maxBuffer: 64 << 20,
      }).toString();
      const used = /Session Options \{.*/.exec(log)?.[0] ?? '';
      expect(used).toContain('session.x64quantprecision: 1');
      expect(used).toMatch(/intra_op_param:OrtThreadPoolParams \{ thread_pool_size: 1 /);
      expect(used).toMatch(/inter_op_param:OrtThreadPoolParams \{ thread_pool_size: 1 /);
      expect(used).toContain('execution_mode:0');
    },
  );
});
