export default {
  testMatch: ['<rootDir>/*/dist/**/*.test.js'],
  // The real network has a run of its own, `npm run test:network`.
  testPathIgnorePatterns: ['/node_modules/', '/test/dist/network/'],
  testEnvironment: '<rootDir>/test/jest/environment.mjs',
  setupFilesAfterEnv: ['<rootDir>/test/jest/once-more.mjs'],
  transform: {},
  testSequencer: '<rootDir>/test/jest/longest-first.mjs',
  reporters: ['default', '<rootDir>/test/jest/closing-line.mjs'],
  maxWorkers: 2,
  testTimeout: 60_000,
};
