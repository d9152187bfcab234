import { jest } from '@jest/globals';

// Stories about killed processes on two shared cores have moments that no deadline covers. A failed test is told in full and run once
// more; one that fails twice has failed. How often that happens is in the log of every run.
jest.retryTimes(1, { logErrorsBeforeRetry: true });
