/** `dcloud` as people type it: up, publish, find, ask, grant, run, get, lineage, and what goes wrong with it. */

import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readState } from '@d-cloud/gateway/supervisor';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { dcloud, type Shown } from '../support/command-line.ts';
import { modelFolders, samples } from '../support/samples.ts';
import { type Scratch, scratch } from '../support/scratch.ts';
import { until } from '../support/until.ts';

let home: Scratch;
let files: string;
beforeAll(async () => {
  home = await scratch();
  files = await mkdtemp(join(tmpdir(), 'dcloud-files-'));
});
afterAll(async () => {
  await home[Symbol.asyncDispose]();
  await rm(files, { recursive: true, force: true });
}, 60_000);

/** Types a command for this network. */
const type = (...words: string[]): Promise<Shown> => dcloud(...words, '--directory', home.directory, '--json');

/** Types a command that must work; what it said is the reason when it does not. */
async function works(...words: string[]): Promise<Shown> {
  const shown = await type(...words);
  if (shown.code !== 0) throw new Error(`dcloud ${words.join(' ')} ended with ${shown.code}: ${shown.err}`);
  return shown;
}

describe('without a network', () => {
  test('a command says that there is none and what to type', async () => {
    const shown = await type('find', '--as', 'alder');
    expect(shown.code).toBe(1);
    expect(shown.json).toMatchObject({ ok: false, error: expect.stringContaining('dcloud up') });
    expect((await type('status')).code).toBe(1);
    expect(await type('down')).toMatchObject({ code: 0, json: { ok: true, stopped: false } });
  });

  test('a folder whose network description is damaged, or of a version to come, is named in one sentence', async () => {
    for (const text of ['{"v":3}', 'no json', '']) {
      const folder = await mkdtemp(join(tmpdir(), 'dcloud-stale-'));
      await writeFile(join(folder, 'network.json'), text);
      const shown = await dcloud('up', '--json', '--directory', folder);
      expect(shown.code).toBe(1);
      expect(shown.json.error).toMatch(/network\.json .*Move .* away/s);
      expect(shown.err).not.toMatch(/\n\s+at /);
      expect(await readFile(join(folder, 'network.json'), 'utf8')).toBe(text);
      await rm(folder, { recursive: true });
    }
  }, 60_000);

  test('help and a mistyped command exit as a shell expects', async () => {
    expect((await dcloud('--help')).code).toBe(0);
    expect((await dcloud('--help')).out).toContain('publish');
    expect((await dcloud('publsh')).code).toBe(1);
    expect((await dcloud('publish', '--directory', home.directory)).code).toBe(1);
  });
});

describe('with a network', () => {
  let dataset: string;
  let version: string;
  let model: string;
  let job: string;

  beforeAll(async () => {
    expect((await works('up')).json).toMatchObject({ ok: true, channel: 'dcloud' });
  }, 180_000);

  test('up again is at once the same network, and its keys lie in a file that only its owner can read', async () => {
    const before = await readState(home.directory);
    expect((await works('up')).json.ok).toBe(true);
    expect((await readState(home.directory))?.pid).toBe(before?.pid);
    expect((await stat(join(home.directory, 'credentials.json'))).mode & 0o077).toBe(0);
    expect((await type('status')).json.processes.length).toBeGreaterThanOrEqual(10);
  }, 60_000);

  test('a data team publishes a folder, and others find it', async () => {
    const folder = join(samples, 'photographs', 'files', 'wall-clock.jpg');
    const published = await works(
      'publish',
      folder,
      '--title',
      'A wall clock',
      '--as',
      'alder',
      '--licence',
      'CC0-1.0',
    );
    expect(published.json).toMatchObject({ ok: true, rows: 1 });
    ({ dataset, version } = published.json);
    await until('birch to find it', async () => {
      const found = await type('find', 'clock', '--as', 'birch');
      return found.code === 0 && found.json.datasets.some(({ id }: { id: string }) => id === dataset);
    });
  }, 90_000);

  test('a model owner publishes a model, another organization asks, is granted, runs and reads the result', async () => {
    const made = await works('model', 'publish', modelFolders.classifier, '--as', 'cedar');
    model = made.json.model;
    const asked = await works('grant', 'request', dataset, '--models', model, '--as', 'birch', '--note', 'please');
    expect(asked.json.grant.state).toBe('requested');
    const grant: string = asked.json.grant.id;
    const issued = await until('alder to see the request', async () => {
      const shown = await type('grant', 'issue', grant, '--executors', 'AlderMSP,CedarMSP', '--as', 'alder');
      return shown.code === 0 && shown;
    });
    expect(issued.json.grant.state).toBe('issued');
    const ran = await until('birch to see the grant', async () => {
      const shown = await type('run', version, '--model', model, '--as', 'birch', '--grant', grant);
      return shown.json?.code !== 'GRANT_NOT_ISSUED' && shown;
    });
    expect(ran).toMatchObject({ code: 0, json: { ok: true, state: 'succeeded', rows: 1 } });
    expect(ran.err).toMatch(/1\/1 rows/);
    job = ran.json.job;
    const arrow = join(files, 'result.arrow');
    await works('get', job, '-o', arrow, '--as', 'birch');
    expect((await readFile(arrow)).length).toBeGreaterThan(500);
    const lineage = await works('lineage', job, '--as', 'birch');
    expect(lineage.json.items).toEqual([expect.objectContaining({ parent: version, job })]);
  }, 240_000);

  test('what the rules refuse ends with 1, its code, and one sentence', async () => {
    const refused = await type('run', version, '--model', model, '--as', 'birch', '--purpose', 'dpv:Marketing');
    expect(refused.code).toBe(1);
    expect(refused.json).toMatchObject({ ok: false, code: 'PURPOSE_MISMATCH', status: 403 });
    expect(refused.err).toMatch(/dcloud: PURPOSE_MISMATCH: .+/);
    expect((await type('get', version, '-o', join(files, 'no.tar'), '--as', 'birch')).code).toBe(1);
    expect(await readdir(files)).toEqual(['result.arrow']);
    expect((await type('publish', join(files, 'absent'), '--title', 'x', '--as', 'alder')).json.error).toMatch(
      /no file or folder/,
    );
    expect((await type('find')).json.error).toMatch(/--as/);
    expect((await type('find', '--as', 'nobody')).json.error).toMatch(/alder, birch, cedar/);
  }, 90_000);

  test('after kill -9 of the supervisor, up brings it back with everything that was there', async () => {
    const state = await readState(home.directory);
    process.kill(state!.pid, 'SIGKILL');
    await until('the supervisor to be gone', async () => (await readState(home.directory))?.phase === 'failed');
    await works('up');
    const back = join(files, 'back.jpg');
    await works('get', version, '-o', `${back}.tar`, '--as', 'alder');
    const original = await readFile(join(samples, 'photographs', 'files', 'wall-clock.jpg'));
    expect((await readFile(`${back}.tar`)).includes(original)).toBe(true);
    const arrow = join(files, 'again.arrow');
    await works('get', job, '-o', arrow, '--as', 'birch');
    expect(await readFile(arrow)).toEqual(await readFile(join(files, 'result.arrow')));
  }, 180_000);

  test('down leaves nothing running, and a port that someone took since is named in one sentence', async () => {
    const pids = (await readState(home.directory))!.processes.map(({ pid }) => pid!);
    expect((await works('down')).json.stopped).toBe(true);
    for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow();
    const description = JSON.parse(await readFile(join(home.directory, 'network.json'), 'utf8'));
    const { rest } = description.organizations[1].ports;
    const stranger: Server = createServer().listen(rest, '127.0.0.1');
    await once(stranger, 'listening');
    try {
      const shown = await type('up');
      expect(shown.code).toBe(1);
      expect(shown.json.error).toMatch(new RegExp(`^Port ${rest} .* taken by another program.*--directory`));
      expect(shown.err).not.toMatch(/\n\s+at /);
    } finally {
      stranger.close();
    }
  }, 120_000);
});
