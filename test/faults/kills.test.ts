/** `kill -9` of every kind of program at bad moments, on one running network that must end every story whole. */
import { failpointNames } from '@d-cloud/gateway/publish';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Network, startNetwork } from '../support/network.ts';
import { killsWhileComputing, linesOfAsking, linesOfEnding } from './computing.ts';
import { killsWhileEnding } from './ending.ts';
import { killsUnderLoad } from './ledger-under-load.ts';
import { killsWhilePublishing } from './publishing.ts';

let network: Network;
beforeAll(async () => {
  network = await startNetwork();
}, 180_000);
afterAll(() => network?.[Symbol.asyncDispose](), 60_000);

describe('while publishing', () => killsWhilePublishing(() => network));
describe('while a job runs', () => killsWhileComputing(() => network));
describe('while something ends', () => killsWhileEnding(() => network));
describe('while many write', () => killsUnderLoad(() => network));

test('no line of an upload, a job, a repair, a revoke or an erasure is left out: all but those of jobs are walked by their list', () => {
  const storyOf = (name: string) => name.split('.')[0]!;
  const walked = ['publish', 'job', 'repair', 'revoke', 'erase'];
  expect(new Set(failpointNames.map(storyOf)).isSupersetOf(new Set(walked))).toBe(true);
  const ofJobs = failpointNames.filter((name) => storyOf(name) === 'job');
  expect(ofJobs).toEqual([...linesOfAsking, ...linesOfEnding]);
});
