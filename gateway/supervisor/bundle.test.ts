import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { acceptBundle, type Bundle, readBundle } from './bundle.ts';
import { keepDescription, planDirectory, readDescription } from './described.ts';
import { foundAlone, foundNetwork } from './found.ts';
import { layoutOf } from './layout.ts';
import { readWanted, type WantedInput } from './wanted.ts';

const now = new Date('2026-11-22T12:00:00Z');
const names = ['alder', 'birch', 'cedar'];
const consortium: WantedInput = {
  network: 'real',
  organizations: names.map((name) => ({ name, host: `${name}.example` })),
};
let machines: string;
const machineOf = (name: string) => join(machines, name);

beforeEach(async () => {
  machines = await mkdtemp(join(tmpdir(), 'dcloud-machines-'));
});
afterEach(() => rm(machines, { recursive: true }));

/** Founds an organization on its own machine; answers what it shows to the others. */
async function founded(name: string, wanted: WantedInput = consortium, at = now): Promise<Bundle> {
  const directory = machineOf(name);
  const { planned } = await planDirectory(directory, {
    wanted: readWanted(JSON.stringify(wanted), 'file'),
    only: name,
  });
  await keepDescription(directory, planned);
  const file = await foundAlone(directory, planned, { now: at, fabric: '2.5' });
  return readBundle(await readFile(file, 'utf8'), file);
}

async function meet(name: string, bundles: readonly Bundle[]): Promise<void> {
  const description = (await readDescription(machineOf(name)))!;
  for (const bundle of bundles) await acceptBundle(machineOf(name), bundle, description);
}

describe('organizations on machines of their own', () => {
  test('make the same first block from what they showed each other, whenever each was founded and in whatever order they met', async () => {
    const bundles = [];
    for (const [at, name] of names.entries())
      bundles.push(await founded(name, consortium, new Date(now.getTime() + at * 60_000)));
    const hashes = [];
    for (const name of names) {
      await meet(name, name === 'birch' ? bundles.toReversed() : bundles);
      hashes.push((await foundNetwork(machineOf(name), new Date())).consortium.genesisHash);
    }
    expect(new Set(hashes).size).toBe(1);
    expect((await foundNetwork(machineOf('alder'), new Date(), hashes[0]!.toUpperCase())).others).toHaveLength(2);
    await expect(foundNetwork(machineOf('alder'), new Date(), '00')).rejects.toThrow(
      'different descriptions or public files',
    );
  }, 60_000);

  test('do not begin before all have met, and say who is missing', async () => {
    const [alder, birch] = [await founded('alder'), await founded('birch')];
    await expect(foundNetwork(machineOf('alder'), now)).rejects.toThrow('Nothing is known here of birch and cedar');
    await meet('alder', [alder, birch]);
    await expect(foundNetwork(machineOf('alder'), now)).rejects.toThrow('get cedar.public.json from there');
  }, 60_000);

  test('keep a first block from being written that is not the one they heard of', async () => {
    const bundles = await Promise.all(names.map((name) => founded(name)));
    await meet('alder', bundles);
    const genesis = layoutOf(machineOf('alder')).genesisBlock('dcloud');
    await expect(foundNetwork(machineOf('alder'), now, 'ab'.repeat(32))).rejects.toThrow('has the hash');
    await expect(readFile(genesis)).rejects.toThrow('ENOENT');
    await foundNetwork(machineOf('alder'), now);
    const again = { ...bundles[1]!, foundedAt: new Date(now.getTime() + 1).toISOString() };
    await expect(meet('alder', [again])).rejects.toThrow('The channel was founded with another bundle of birch');
    await meet('alder', bundles);
  }, 60_000);

  test('refuse what describes another network', async () => {
    await founded('alder');
    const birch = await founded('birch');
    const wrong: [Partial<Bundle>, string][] = [
      [{ name: 'dune' }, 'dune is no member of the network described here'],
      [{ mspId: 'OtherMSP' }, 'birch calls itself OtherMSP, and is described here as BirchMSP'],
      [{ channel: 'other' }, 'birch describes the channel other, here it is dcloud'],
      [{ settings: { ...birch.settings, consensus: 'bft' } }, 'birch describes channel.consensus otherwise'],
      [
        { settings: { ...birch.settings, policies: { ...birch.settings.policies, Admins: 'ANY Admins' } } },
        'channel.policies otherwise',
      ],
    ];
    for (const [change, sentence] of wrong)
      await expect(meet('alder', [{ ...birch, ...change }])).rejects.toThrow(sentence);
  }, 60_000);

  test('refuse a file with a private key in it, one that is damaged, and orderers that are not of its authorities', async () => {
    const [alder, birch] = [await founded('alder'), await founded('birch')];
    const read = (value: unknown) => () => readBundle(JSON.stringify(value), 'birch.public.json');
    expect(read({ ...birch, key: '-----BEGIN PRIVATE KEY-----' })).toThrow('birch.public.json holds a private key');
    expect(() => readBundle('{', 'birch.public.json')).toThrow('birch.public.json is not JSON');
    expect(read({ ...birch, peers: ['birch'] })).toThrow(
      'birch.public.json is not what an organization shows to others (peers.0)',
    );
    expect(read({ ...birch, orderers: alder.orderers })).toThrow("are not of birch's authorities");
    expect(read({ ...birch, roots: alder.roots })).toThrow("are not of birch's authorities");
    expect(read(birch)()).toEqual(birch);
  }, 60_000);
});
