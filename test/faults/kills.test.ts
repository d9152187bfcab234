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

test('no named line is left out: uploads, revokes and erasures are walked here by their list, repairs in storage-drain', () => {
  const storyOf = (name: string) => name.split('.')[0]!;
  expect(new Set(failpointNames.map(storyOf))).toEqual(new Set(['publish', 'job', 'repair', 'revoke', 'erase']));
  const ofJobs = failpointNames.filter((name) => storyOf(name) === 'job');
  expect(ofJobs).toEqual([...linesOfAsking, ...linesOfEnding]);
});
