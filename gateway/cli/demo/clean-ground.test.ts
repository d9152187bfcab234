import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { clearGround } from './clean-ground.ts';

let directory: string;
let stopped: number;
const stop = async () => void stopped++;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'dcloud-ground-'));
  stopped = 0;
});
afterEach(() => rm(directory, { recursive: true }));

test('the demo empties what it made itself, after stopping what runs there, and not its mark', async () => {
  await clearGround(directory, stop);
  const [mark] = await readdir(directory);
  for (const name of ['network.json', 'credentials.json']) await writeFile(join(directory, name), '{}');
  await mkdir(join(directory, 'organizations', 'alder'), { recursive: true });
  await clearGround(directory, stop);
  expect(await readdir(directory)).toEqual([mark]);
  expect(stopped).toBe(2);
});

test("the demo takes a folder that is not there yet, and leaves a person's own network and files alone", async () => {
  await clearGround(join(directory, 'new', 'deep'), stop);
  expect(await readdir(directory)).toEqual(['new']);
  stopped = 0;
  await rm(join(directory, 'new'), { recursive: true });
  await writeFile(join(directory, 'network.json'), '{}');
  await expect(clearGround(directory, stop)).rejects.toThrow(/not made by the demo: move it away/);
  expect(await readdir(directory)).toEqual(['network.json']);
  expect(stopped).toBe(0);
});
