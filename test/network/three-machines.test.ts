/**
 * A consortium over three machines. Here they are three directories on loopback addresses of their own, and everything is
 * typed as three operators would type it.
 */
import { randomInt } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readState } from '@d-cloud/gateway/supervisor';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { begin, dcloud, type Json, type Shown } from '../support/command-line.ts';
import { repository } from '../support/samples.ts';
import { type Scratch, scratch } from '../support/scratch.ts';
import { until } from '../support/until.ts';
import { realPrograms } from './found-programs.ts';

const names = ['alder', 'birch', 'cedar'] as const;
type Name = (typeof names)[number];
const whole = realPrograms.ipfs && realPrograms.fabrics['Fabric 2.5'] !== undefined;
const within = 240_000;

const machines = new Map<Name, Scratch>();
const directoryOf = (name: Name) => machines.get(name)!.directory;
const descriptionOf = (name: Name) => join(directoryOf(name), 'consortium.json');
const bundleOf = (name: Name) => join(directoryOf(name), `${name}.public.json`);

/** Types a command on an organization's machine. */
const on = (name: Name, ...words: string[]): Promise<Shown> =>
  dcloud('--json', '--directory', directoryOf(name), ...words);
const as = (name: Name, ...words: string[]) => on(name, ...words, '--as', name);

async function done(shown: Promise<Shown>): Promise<Json> {
  const { code, json, err } = await shown;
  if (code !== 0) throw new Error(err);
  return json;
}

/** Every file under an organization's directory that holds a private key. */
async function keysOn(name: Name): Promise<string[]> {
  const files = await readdir(directoryOf(name), { recursive: true, withFileTypes: true });
  const holds = files
    .filter((file) => file.isFile() && !file.parentPath.includes('data'))
    .map(async ({ parentPath, name: file }) => {
      const text = await readFile(join(parentPath, file), 'utf8').catch(() => '');
      return text.includes('PRIVATE KEY') ? [join(parentPath, file)] : [];
    });
  return (await Promise.all(holds)).flat();
}

/** Ends everything of a machine as pulling its plug does. */
async function pullThePlug(name: Name): Promise<void> {
  const { pid, processes } = (await readState(directoryOf(name)))!;
  for (const one of [pid, ...processes.map((process) => process.pid)])
    if (one !== undefined) process.kill(one, 'SIGKILL');
}

(whole ? describe : describe.skip)('a consortium over three machines', () => {
  let genesis: string;
  let dataset: string;
  let model: string;

  beforeAll(async () => {
    // Above all ports that other networks of these tests take, and that systems give to outgoing connections.
    const first = randomInt(610, 653) * 100;
    const organizations = names.map((name, at) => ({
      name,
      host: `127.0.1.${at + 1}`,
      firstPort: first + at * 30,
      storageNodes: name === 'alder' ? 3 : 2,
      computeNodes: name === 'birch' ? 0 : 1,
    }));
    for (const name of names) {
      machines.set(name, await scratch());
      await writeFile(descriptionOf(name), JSON.stringify({ network: 'real', organizations }));
    }
  });
  afterAll(async () => {
    for (const machine of machines.values()) await machine[Symbol.asyncDispose]();
  }, 120_000);

  test(
    'begins with each organization making its own keys, and what all show to each other makes the same first block everywhere',
    async () => {
      for (const name of names) {
        const { bundle } = await done(on(name, 'network', 'found', descriptionOf(name), '--organization', name));
        expect(bundle).toBe(bundleOf(name));
        expect(await readFile(bundle, 'utf8')).not.toContain('PRIVATE KEY');
      }
      const alone = await on('alder', 'network', 'up', descriptionOf('alder'), '--organization', 'alder');
      expect(alone.err).toContain(
        'Nothing is known here of birch and cedar: get birch.public.json and cedar.public.json',
      );

      const { missing } = await done(on('alder', 'network', 'meet', bundleOf('birch')));
      expect(missing).toEqual(['cedar']);
      for (const name of names)
        expect(await done(on(name, 'network', 'meet', ...names.map(bundleOf)))).toMatchObject({ missing: [] });

      const otherwise = await on(
        'cedar',
        'network',
        'up',
        descriptionOf('cedar'),
        '--organization',
        'cedar',
        '--genesis',
        '00',
      );
      expect(otherwise).toMatchObject({ code: 1 });
      expect(otherwise.err).toContain('the machines were given different descriptions or public files');

      const up = (name: Name, ...more: string[]) =>
        begin([
          '--json',
          '--directory',
          directoryOf(name),
          'network',
          'up',
          descriptionOf(name),
          '--organization',
          name,
          ...more,
        ]).ended;
      const started = await Promise.all(names.map((name) => done(up(name))));
      genesis = started[0].genesis;
      expect(started.map((one) => one.genesis)).toEqual([genesis, genesis, genesis]);
      expect(started.map((one) => Object.keys(one.organizations))).toEqual(names.map((name) => [name]));
    },
    within,
  );

  test('leaves no organization’s private key on another’s machine', async () => {
    for (const name of names) {
      const keys = await keysOn(name);
      expect(keys.length).toBeGreaterThan(15);
      const own = `${join(directoryOf(name), 'organizations', name)}/`;
      expect(keys.filter((file) => !file.startsWith(own))).toEqual([]);
      expect(await readdir(join(directoryOf(name), 'organizations'))).toEqual([name]);
    }
  });

  test(
    'does the main job: one publishes and grants, another asks and runs, on nodes of a third',
    async () => {
      const photographs = join(repository, 'test', 'samples', 'photographs', 'files');
      const published = await done(as('alder', 'publish', photographs, '--title', 'Photographs', '--licence', 'mixed'));
      dataset = published.dataset;
      ({ model } = await done(as('cedar', 'model', 'publish', join(repository, 'models', 'efficientnet-lite0'))));
      await until('birch to find both', async () => {
        const { json } = await as('birch', 'model', 'list');
        return JSON.stringify(json).includes(model) && (await as('birch', 'find', 'Photographs')).out.includes(dataset);
      });
      const asked = await done(as('birch', 'grant', 'request', dataset, '--models', model, '--note', 'to sort them'));
      await until('alder to see the request', async () =>
        (await as('alder', 'grant', 'list')).out.includes(asked.grant.id),
      );
      await done(as('alder', 'grant', 'issue', asked.grant.id, '--executors', 'AlderMSP,CedarMSP'));
      await until('birch to see the grant', async () => (await as('birch', 'grant', 'list')).out.includes('issued'));
      const ran = await done(as('birch', 'run', dataset, '--model', model));
      expect(JSON.stringify(ran)).toContain('succeeded');
    },
    within,
  );

  test(
    'loses a machine, goes on without it, and has everything when it is started again alone',
    async () => {
      await pullThePlug('cedar');
      await until('birch to write without cedar', async () => {
        const { code } = await as('birch', 'grant', 'request', dataset, '--models', model, '--note', 'still here');
        return code === 0;
      });
      const two = await on('alder', 'status');
      expect(two.json.warnings).toEqual([]);

      await pullThePlug('birch');
      const one = await on('alder', 'status');
      expect(one.json.warnings[0]).toMatch(
        /^Only 1 of 3 orderers answers and 2 are needed: nothing can be written until .*birch/,
      );

      await Promise.all([done(on('birch', 'network', 'up')), done(on('cedar', 'network', 'up'))]);
      await until('cedar to have caught up', async () =>
        (await as('cedar', 'find', 'Photographs')).out.includes(dataset),
      );
      expect((await on('alder', 'status')).json.warnings).toEqual([]);
      expect(
        (
          await done(
            on('cedar', 'network', 'up', descriptionOf('cedar'), '--organization', 'cedar', '--genesis', genesis),
          )
        ).genesis,
      ).toBe(genesis);
    },
    within,
  );
});
