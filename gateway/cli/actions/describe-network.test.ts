import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { foundAlone, keepDescription, planDirectory, readWanted } from '../../supervisor/index.ts';
import { meetOrganizations, planNetwork, planText } from './describe-network.ts';

const names = ['alder', 'birch', 'cedar'];
const wanted = {
  network: 'real',
  organizations: names.map((name) => ({ name, host: `${name}.example`, firstPort: 7400 })),
};
let machines: string;
beforeEach(async () => {
  machines = await mkdtemp(join(tmpdir(), 'dcloud-machines-'));
});
afterEach(() => rm(machines, { recursive: true }));

/** Founds an organization on its own machine; answers the file that it shows to the others. */
async function founded(name: string, fabric: string): Promise<string> {
  const directory = join(machines, name);
  const { planned } = await planDirectory(directory, {
    wanted: readWanted(JSON.stringify(wanted), 'file'),
    only: name,
  });
  await keepDescription(directory, planned);
  return foundAlone(directory, planned, { now: new Date(), fabric });
}

describe('meeting the other organizations', () => {
  test('tells who is still missing, and when their peers are of different versions', async () => {
    const [, birch, cedar] = [
      await founded('alder', '2.5'),
      await founded('birch', '2.5'),
      await founded('cedar', '3.1'),
    ];
    const alder = join(machines, 'alder');
    expect(await meetOrganizations(alder, [birch])).toEqual({
      met: ['alder', 'birch'],
      missing: ['cedar'],
      warnings: [],
    });
    const { missing, warnings } = await meetOrganizations(alder, [cedar]);
    expect(missing).toEqual([]);
    expect(warnings).toEqual([
      'Fabric differs between the organizations (alder runs 2.5, birch runs 2.5, cedar runs 3.1): the channel stays with what the oldest knows, and bft is not possible.',
    ]);
  }, 60_000);

  test('begins with founding, and names a file that is not there', async () => {
    await expect(meetOrganizations(join(machines, 'alder'), [])).rejects.toThrow('begin with dcloud network found');
    await founded('alder', '2.5');
    await expect(meetOrganizations(join(machines, 'alder'), ['/nowhere/birch.public.json'])).rejects.toThrow(
      '/nowhere/birch.public.json cannot be read: ask its organization',
    );
  }, 60_000);
});

test('a plan for a person names each host once beside its ports, and leaves the directory as it was', async () => {
  const file = join(machines, 'consortium.json');
  await writeFile(file, JSON.stringify(wanted));
  const told = await planNetwork(join(machines, 'alder'), { file, organization: 'alder' });
  const text = planText(told);
  expect(text).toMatch(/gateway-alder +127\.0\.0\.1:7400 0\.0\.0\.0:7401/);
  expect(text).toMatch(/orderer-alder +0\.0\.0\.0:7404 127\.0\.0\.1:7405/);
  expect(text).toContain('On machines of their own: birch, cedar');
  expect(text).toContain('approve it and wait until all others have');
  expect(text).toContain('It can keep every promise.');
  expect(await readdir(machines)).toEqual(['consortium.json']);
});
