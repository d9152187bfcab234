export default {
  testMatch: ['<rootDir>/*/dist/**/*.test.js'],
  testEnvironment: '<rootDir>/test/jest/environment.mjs',
  transform: {},
  reporters: ['default', '<rootDir>/test/jest/closing-line.mjs'],
  maxWorkers: 2,
  testTimeout: 60_000,
};
