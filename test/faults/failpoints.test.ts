/** No line between which a program may be killed is left out: each story of them is walked by a test file, which reads their list or names every one. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { failpointNames } from '@d-cloud/gateway/publish';
import { expect, test } from '@jest/globals';
import { repository } from '../support/samples.ts';
import { linesOfAsking, linesOfEnding } from './computing.ts';

const storyOf = (name: string) => name.split('.')[0]!;

const walkedIn: Readonly<Record<string, string>> = {
  publish: 'test/faults/publishing.ts',
  job: 'test/faults/computing.ts',
  repair: 'test/faults/storage-drain.test.ts',
  revoke: 'test/faults/ending.ts',
  erase: 'test/faults/ending.ts',
  rotate: 'test/faults/ending.ts',
  reseal: 'test/faults/ending.ts',
  expel: 'test/faults/storage-drain.test.ts',
};

test('every story with failpoints has a file that walks it, and no file is named for a story that is none', () => {
  expect(failpointNames.length).toBeGreaterThanOrEqual(39);
  expect([...new Set(failpointNames.map(storyOf))].toSorted()).toEqual(Object.keys(walkedIn).toSorted());
});

test.each(Object.entries(walkedIn))('no line of %s is left out in %s', async (story, file) => {
  const text = await readFile(join(repository, file), 'utf8');
  const lines = failpointNames.filter((name) => storyOf(name) === story);
  const isListRead = new RegExp(`(startsWith\\('${story}\\.'\\)|= linesOf\\('${story}'\\))`).test(text);
  if (!isListRead) expect(lines.filter((line) => !new RegExp(`'${line}[':]`).test(text))).toEqual([]);
});

test('a job’s lines are those that are walked while it is asked for and while it ends', () => {
  const ofJobs = failpointNames.filter((name) => storyOf(name) === 'job');
  expect(ofJobs).toEqual([...linesOfAsking, ...linesOfEnding]);
});
