import { TestEnvironment } from 'jest-environment-node';

// ONNX Runtime compares tensor data with the outer realm's constructors; Jest's vm context has its own. Share ours.
const shared = [
  'ArrayBuffer',
  'SharedArrayBuffer',
  'DataView',
  'Uint8Array',
  'Int8Array',
  'Uint8ClampedArray',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'BigInt64Array',
  'BigUint64Array',
  'Float32Array',
  'Float64Array',
  'Float16Array',
];

export default class extends TestEnvironment {
  constructor(config, context) {
    super(config, context);
    for (const name of shared) if (globalThis[name]) this.global[name] = globalThis[name];
  }
}
