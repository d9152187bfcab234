// The long comparison: 2,000 transactions on each ledger.
import network from './jest.config.mjs';

export default {
  ...network,
  testMatch: ['<rootDir>/test/dist/network/differential.test.js'],
  globals: { ...network.globals, differentialLength: 2_000 },
};
