/** Ends a run with one plain line that people and machines can read: `N passed, N failed`. What was skipped is said before it. */
export default class {
  onRunComplete(_contexts, results) {
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    const skipped = results.numPendingTests + results.numTodoTests;
    if (skipped > 0) process.stdout.write(`${skipped} skipped\n`);
    process.stdout.write(`${results.numPassedTests} passed, ${failed} failed\n`);
  }
}
