// The same stories and the same main job on real Fabric and Kubo, one after the other: the machine is small. Programs that are not
// here are left out and named by left-out.test. Build first.
import base from '../../jest.config.mjs';
import { findRealPrograms } from '../dist/network/real-programs.js';

const realPrograms = await findRealPrograms(process.env);
const whole = realPrograms.ipfs && realPrograms.fabrics['Fabric 2.5'] !== undefined;

export default {
  ...base,
  rootDir: '../..',
  testPathIgnorePatterns: ['/node_modules/'],
  testMatch: [
    '<rootDir>/test/dist/network/**/*.test.js',
    ...(whole ? ['<rootDir>/test/dist/scenarios/publish-grant-run-and-read.test.js'] : []),
  ],
  globals: { realPrograms, ...(whole ? { networkKind: { kind: 'real' } } : {}) },
  maxWorkers: 1,
  testTimeout: 120_000,
};
