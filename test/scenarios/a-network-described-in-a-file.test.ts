/** `dcloud network` as an operator types it: what the file says is planned, started, added to; what would destroy is refused. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readCredentials, signIn } from '@d-cloud/gateway/cli';
import { readState } from '@d-cloud/gateway/supervisor';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { begin, dcloud, type Json, type Shown } from '../support/command-line.ts';
import { samples } from '../support/samples.ts';
import { type Scratch, scratch } from '../support/scratch.ts';

let home: Scratch;
let place: Scratch;
const file = () => join(place.directory, 'consortium.json');
beforeAll(async () => {
  home = await scratch();
  place = await scratch();
});
afterAll(async () => {
  await home[Symbol.asyncDispose]();
  await place[Symbol.asyncDispose]();
}, 60_000);

const type = (...words: string[]): Promise<Shown> => dcloud('--json', '--directory', home.directory, ...words);
const wish = (...organizations: object[]) => writeFile(file(), JSON.stringify({ organizations }));

async function works(...words: string[]): Promise<Json> {
  const { code, err, json } = await type(...words);
  if (code !== 0) throw new Error(err);
  return json;
}

const alder = { name: 'alder', storageNodes: 3, computeNodes: 1 };
const birch = { name: 'birch', storageNodes: 2, computeNodes: 0 };
const cedar = { name: 'cedar', storageNodes: 2, computeNodes: 0 };

describe('a network described in a file', () => {
  test('is planned without touching anything, for a person and as JSON', async () => {
    await wish(alder, birch, cedar);
    const told = await works('network', 'plan', file());
    expect(told).toMatchObject({ network: 'embedded', channel: 'dcloud', additions: [] });
    expect(told.programs.map(({ name }: Json) => name)).toContain('gateway-cedar');
    expect(told.promisesNotKept).toEqual(['The ledger is one program that holds all keys: this is no consortium.']);
    const { out } = await dcloud('--directory', home.directory, 'network', 'plan', file());
    expect(out).toMatch(
      /storage-birch.*127\.0\.0\.1:\d+.*Directories:.*Steps:.*1\. write network\.json.*What it cannot promise/s,
    );
    expect(await readdir(home.directory)).toEqual([]);
  }, 60_000);

  test('has a schema, in which a mistake is told by its path and what to write', async () => {
    expect((await works('network', 'schema')).properties.organizations.items.properties.peers.maximum).toBe(2);
    await wish(alder, { ...birch, peers: 7 });
    expect(await type('network', 'plan', file())).toMatchObject({
      code: 1,
      json: { error: expect.stringContaining('organizations[1].peers: write 1 or 2') },
    });
    expect((await type('network', 'up', join(home.directory, 'absent.json'))).err).toContain('There is no file');
    expect(await readdir(home.directory)).toEqual([]);
  }, 60_000);

  test('starts, takes what the file adds, keeps its data through the death of everything, and refuses what would destroy', async () => {
    await wish(alder, birch, cedar);
    await works('network', 'up', file());
    const { dataset } = await works('publish', join(samples, 'documents'), '--title', 'Kept', '--as', 'alder');

    const offered = [{}, {}, {}, { pricePerGibMonth: '12' }];
    await wish({ ...alder, storageNodes: offered }, birch, { ...cedar, computeNodes: 1 });
    const { additions } = await works('network', 'plan', file());
    expect(additions).toHaveLength(2);
    const { err } = await type('network', 'up', file());
    expect(err).toContain('The network runs, and the file adds to it');
    const { processes, phase, pid } = (await readState(home.directory))!;
    expect(phase).toBe('ready');
    expect(processes.map(({ name }) => name)).toContain('compute-cedar');
    const { items } = await signIn(await readCredentials(home.directory), 'birch', 'operator').call<Json>(
      'GET',
      '/storage-nodes',
    );
    expect(items.flatMap((one: Json) => one.pricePerGibMonth ?? [])).toEqual(['12']);

    for (const one of [pid, ...processes.map((process) => process.pid)]) if (one) process.kill(one, 'SIGKILL');
    expect(await type('network', 'status')).toMatchObject({ code: 1, json: { phase: 'failed' } });
    const again = await works('network', 'up');
    expect(again.organizations.alder.rest).toMatch(/^http:/);
    expect((await works('find', 'Kept', '--as', 'cedar')).datasets.map(({ id }: Json) => id)).toEqual([dataset]);

    const before = await readFile(join(home.directory, 'network.json'), 'utf8');
    await wish({ ...alder, storageNodes: 1 }, birch);
    const refused = await type('network', 'up', file());
    expect(refused.code).toBe(1);
    expect(refused.json.error).toMatch(
      /cedar is a member and is no longer described.*dcloud org.*storageNodes: alder has 4/,
    );
    expect(await readFile(join(home.directory, 'network.json'), 'utf8')).toBe(before);
    expect((await works('network', 'status')).phase).toBe('ready');
    expect(await works('network', 'down')).toMatchObject({ stopped: true });
  }, 180_000);
});

test('Kubo is not built without Go, which is said with where to get it', async () => {
  const { child, ended } = begin(['--json', 'network', 'build-ipfs', '--into', place.directory], { PATH: '/nowhere' });
  expect(child.pid).toBeDefined();
  expect(await ended).toMatchObject({ code: 1, json: { error: expect.stringContaining('https://go.dev/dl/') } });
});
