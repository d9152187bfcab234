// The long comparison: 2,000 transactions on each ledger.
import network from './jest.config.mjs';

const { projects, ...run } = network;
const [{ displayName: _, ...alone }] = projects;

export default {
  ...run,
  ...alone,
  testMatch: ['<rootDir>/test/dist/network/differential.test.js'],
  globals: { ...alone.globals, differentialLength: 2_000 },
};
