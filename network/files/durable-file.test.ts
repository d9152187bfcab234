import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { replaceFile, type Sync } from './durable-file.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'd-cloud-files-'));
  path = join(folder, 'file');
});
afterEach(() => rm(folder, { recursive: true }));

describe('a file that is replaced', () => {
  test('is on disk under its new name before anyone is told: the bytes first, then the directory', async () => {
    await writeFile(path, 'old');
    const seen: [kind: string, content: string][] = [];
    const sync: Sync = async (handle) => {
      const kind = (await handle.stat()).isDirectory() ? 'directory' : 'file';
      seen.push([kind, await readFile(path, 'utf8')]);
    };
    await replaceFile(path, 'new', { sync });
    expect(seen).toEqual([
      ['file', 'old'],
      ['directory', 'new'],
    ]);
  });

  test.each([1, 2])(
    'is not said to be so when sync %d of the two fails, and leaves nothing half-made',
    async (which) => {
      await writeFile(path, 'old');
      let syncs = 0;
      const sync: Sync = async () => {
        if (++syncs === which) throw Object.assign(new Error('EIO: i/o error, fsync'), { code: 'EIO' });
      };
      await expect(replaceFile(path, 'new', { sync })).rejects.toThrow('EIO');
      expect(await readdir(folder)).toEqual(['file']);
      expect(await readFile(path, 'utf8')).toBe(which === 1 ? 'old' : 'new');
      // Asked for again, everything is written again: no sync is taken for one that brought earlier bytes to the disk.
      await replaceFile(path, 'newer', { sync });
      expect([syncs, await readFile(path, 'utf8')]).toEqual([which + 2, 'newer']);
    },
  );

  test('is its owner’s alone unless said otherwise', async () => {
    await replaceFile(path, 'secret');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await replaceFile(path, 'public', { mode: 0o644 });
    expect((await stat(path)).mode & 0o777).toBe(0o644);
  });
});
