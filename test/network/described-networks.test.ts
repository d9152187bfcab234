/** Networks that a file describes, on real Fabric and Kubo: two peers of one organization, and four orderers that need not trust each other. */
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readState } from '@d-cloud/gateway/supervisor';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { dcloud, type Json, type Shown } from '../support/command-line.ts';
import { samples } from '../support/samples.ts';
import { type Scratch, scratch } from '../support/scratch.ts';
import { until } from '../support/until.ts';
import { realPrograms } from './found-programs.ts';

const within = 300_000;
const older = realPrograms.fabrics['Fabric 2.5'];
const newer = realPrograms.fabrics['Fabric 3.1'];
const has = (fabric: unknown) => (realPrograms.ipfs && fabric !== undefined ? describe : describe.skip);

let home: Scratch;
beforeEach(async () => {
  home = await scratch();
});
afterEach(async () => await home[Symbol.asyncDispose](), 60_000);

const file = () => join(home.directory, 'consortium.json');
const wish = (wanted: object) => writeFile(file(), JSON.stringify({ network: 'real', ...wanted }));
const type = (...words: string[]): Promise<Shown> => dcloud('--json', '--directory', home.directory, ...words);

async function works(...words: string[]): Promise<Json> {
  const { code, err, json } = await type(...words);
  if (code !== 0) throw new Error(err);
  return json;
}

const publish = (title: string, as: string) =>
  works('publish', join(samples, 'documents'), '--title', title, '--as', as);
const becomes = (name: string, state: string) =>
  until(`${name} to be ${state}`, async () =>
    (await readState(home.directory))?.processes.some((one) => one.name === name && one.state === state),
  );

const birch = { name: 'birch', storageNodes: 2, computeNodes: 0 };
const cedar = { name: 'cedar', storageNodes: 2, computeNodes: 0 };

has(older)('an organization with a second peer', () => {
  test(
    'gets it later, goes on while either is away, and has everything after the death of all',
    async () => {
      const binaries = dirname(older!.peer);
      await wish({ binaries, organizations: [{ name: 'alder', computeNodes: 0 }, birch, cedar] });
      await works('network', 'up', file());
      const first = await publish('First', 'alder');

      await wish({ binaries, organizations: [{ name: 'alder', computeNodes: 0, peers: 2 }, birch, cedar] });
      await works('network', 'up', file());
      for (const away of ['peer-alder-1', 'peer-alder-2']) {
        await works('hold', away);
        await publish(`Without ${away}`, 'alder');
        expect((await works('find', 'First', '--as', 'alder')).datasets.map(({ id }: Json) => id)).toEqual([
          first.dataset,
        ]);
        await works('release', away);
        await becomes(away, 'ready');
      }

      const { pid, processes } = (await readState(home.directory))!;
      for (const one of [pid, ...processes.map((process) => process.pid)]) if (one) process.kill(one, 'SIGKILL');
      await works('network', 'up');
      for (const title of ['First', 'Without peer-alder-2'])
        expect((await works('find', title, '--as', 'birch')).datasets).not.toEqual([]);
      await publish('Last', 'alder');
    },
    within,
  );

  test('is told that its Fabric is too old for bft, before anything is made', async () => {
    await wish({
      binaries: dirname(older!.peer),
      channel: { consensus: 'bft' },
      organizations: [{ name: 'alder', orderers: 2 }, birch, cedar],
    });
    const { code, err } = await type('network', 'up', file());
    expect(code).toBe(1);
    expect(err).toMatch(/consensus is bft, which Fabric knows from 3\.1 on/);
    expect((await type('status')).json.phase).toBe('absent');
  });
});

has(newer)('four orderers that need not trust each other', () => {
  test(
    'go on without any one of them, say so without two, and catch up',
    async () => {
      const organizations = [{ name: 'alder', orderers: 2, computeNodes: 0 }, birch, cedar];
      await wish({ binaries: dirname(newer!.peer), channel: { consensus: 'bft' }, organizations });
      const { promisesNotKept } = await works('network', 'plan', file());
      expect(promisesNotKept.join()).toContain('Without alder nothing can be written: 3 of 4 orderers must answer');
      await works('network', 'up', file());
      await publish('With four', 'alder');
      await works('hold', 'orderer-alder-1');
      await until('a dataset without the first orderer', async () => (await publish('With three', 'birch')).ok);
      expect((await type('status')).json.warnings).toEqual([]);
      await works('hold', 'orderer-cedar');
      expect((await type('status')).json.warnings).toEqual([
        'Only 2 of 4 orderers answer and 3 are needed: nothing can be written until orderer-alder-1, orderer-cedar are back.',
      ]);
      for (const name of ['orderer-alder-1', 'orderer-cedar']) await works('release', name);
      await until('a dataset with all again', async () => (await publish('With four again', 'cedar')).ok);
    },
    within,
  );
});

if (older === undefined && newer === undefined) test.skip('left out: there is no real Fabric here', () => undefined);
