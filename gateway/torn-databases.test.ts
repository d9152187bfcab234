import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatasetId } from '@d-cloud/chaincode/domain';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openJournal, openKeys, openStores, versionAt } from './testing/keep-writing.ts';

const names = ['keys.sqlite', 'uploads.sqlite'] as const;
const written = 4;
const all = Array.from({ length: written }, (_, at) => at);
let folder: string;
/** How long each log was when its store had just been opened. */
const opened = new Map<string, number>();

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'd-cloud-torn-'));
  mkdirSync(join(folder, 'whole'));
  const { keys, journal } = openStores(join(folder, 'whole'));
  for (const name of names) opened.set(name, statSync(join(folder, 'whole', `${name}-wal`)).size);
  for (const at of all) {
    const [version, dataset] = [versionAt(at), `dset_${at}` as DatasetId];
    journal.begin({ version, dataset, key: `k${at}`, person: 'p', role: 'data-team', attempt: 0 });
    keys.putVersion({ version, dataset, epoch: 1, contentKey: content(at), salt: content(at), manifest: content(at) });
  }
  // As the disk is when the power goes: everything is in the logs, and nothing was moved from them yet.
  mkdirSync(join(folder, 'log'));
  copyInto(join(folder, 'log'), join(folder, 'whole'));
  keys[Symbol.dispose]();
  journal[Symbol.dispose]();
});
afterAll(() => rmSync(folder, { recursive: true }));

const content = (at: number) => new Uint8Array(32).fill(at + 1);

function copyInto(into: string, from: string): void {
  for (const name of ['key-store.key', ...names.flatMap((one) => [one, `${one}-wal`])])
    if (existsSync(join(from, name))) copyFileSync(join(from, name), join(into, name));
    else rmSync(join(into, name), { force: true });
}

/** What a store holds of what was written; throws where it refuses, or holds what nobody wrote. */
function heldIn(at: string, name: (typeof names)[number]): readonly number[] {
  if (name === 'uploads.sqlite') {
    using journal = openJournal(at);
    const uploads = journal.in('putting').map(({ version }) => version);
    const held = all.filter((one) => uploads.includes(versionAt(one)));
    expect(uploads).toHaveLength(held.length);
    return held;
  }
  using keys = openKeys(at);
  const versions = keys.versions().map(({ version }) => version);
  const inKeys = all.filter((one) => versions.includes(versionAt(one)));
  expect(versions).toHaveLength(inKeys.length);
  for (const one of inKeys)
    expect(keys.version(versionAt(one))).toMatchObject({ contentKey: Buffer.from(content(one)) });
  return inKeys;
}

describe('a key store and an upload journal that a power cut tore', () => {
  test.each(names)('in the log of %s, wherever, open to the last whole write', (name) => {
    const torn = join(folder, `torn-${name}`);
    mkdirSync(torn);
    const log = readFileSync(join(folder, 'log', `${name}-wal`));
    // A log's head has 32 bytes, each page in it 24 and those of the page. At each border, and between them.
    const borders = Array.from({ length: Math.floor((log.length - 32) / 4120) + 1 }, (_, page) => 32 + 4120 * page);
    const near = borders.flatMap((border) => [-1, 0, 24].map((by) => border + by));
    const cuts = [...new Set([...near, ...Array.from({ length: 10 }, (_, at) => Math.floor((at * log.length) / 10))])]
      .filter((cut) => cut >= opened.get(name)! && cut <= log.length)
      .toSorted((a, b) => a - b);
    expect(cuts.length).toBeGreaterThan(3 * written);
    let before = 0;
    const seen = new Set<number>();
    for (const cut of [...cuts, log.length]) {
      copyInto(torn, join(folder, 'log'));
      writeFileSync(join(torn, `${name}-wal`), log.subarray(0, cut));
      const held = heldIn(torn, name);
      expect([cut, held]).toEqual([cut, all.slice(0, held.length)]);
      expect(held.length).toBeGreaterThanOrEqual(before);
      before = held.length;
      seen.add(held.length);
    }
    expect([...seen]).toEqual([0, ...all.map((at) => at + 1)]);
  });

  test.each(names)('in %s itself hold everything or are refused; an empty one is a store that was lost', (name) => {
    const torn = join(folder, `cut-${name}`);
    mkdirSync(torn);
    const { length } = readFileSync(join(folder, 'whole', name));
    let refused = 0;
    for (let cut = length; cut >= 0; cut -= 512) {
      copyInto(torn, join(folder, 'whole'));
      truncateSync(join(torn, name), cut);
      let held: readonly number[] | undefined;
      try {
        held = heldIn(torn, name);
      } catch (fault) {
        expect(String(fault)).toMatch(/was cut short|SQLITE|malformed|not a database|disk I\/O error/);
        refused++;
      }
      if (held !== undefined) expect([cut, held]).toEqual([cut, cut === 0 ? [] : all]);
    }
    expect(refused).toBeGreaterThan(length / 1_024);
  });
});
