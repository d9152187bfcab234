import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { readTar } from '../../publish/read-tar.ts';
import { localFiles, modalityOf, tarOf } from './folder.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dcloud-folder-'));
});
afterEach(() => rm(folder, { recursive: true }));

const write = async (name: string, text: string) => {
  await mkdir(join(folder, name, '..'), { recursive: true });
  await writeFile(join(folder, name), text);
};
const named = (...names: string[]) => names.map((name) => ({ name, path: name, sizeBytes: 1 }));

describe('the files of a folder', () => {
  test('come by name from all its depths, without hidden ones and links', async () => {
    await write('b.txt', 'bb');
    await write('a/deep/c.txt', 'ccc');
    await write('.secret', 's');
    await write('a/.git/config', 'g');
    await symlink('/etc/passwd', join(folder, 'link.txt'));
    expect((await localFiles(folder)).map(({ name, sizeBytes }) => [name, sizeBytes])).toEqual([
      ['a/deep/c.txt', 3],
      ['b.txt', 2],
    ]);
  });

  test('one file is a folder of one; nothing, and an empty folder, are named', async () => {
    await write('one.txt', '1');
    expect(await localFiles(join(folder, 'one.txt'))).toMatchObject([{ name: 'one.txt', sizeBytes: 1 }]);
    await expect(localFiles(join(folder, 'absent'))).rejects.toThrow(/no file or folder .*absent/);
    await rm(join(folder, 'one.txt'));
    await expect(localFiles(folder)).rejects.toThrow(/no files in/);
  });

  test('go out as a tar that reads back the same, and every byte sent is told', async () => {
    await write('a.txt', 'alpha');
    await write('sub/é.txt', 'beta');
    const told: number[] = [];
    const back: [string, string][] = [];
    for await (const { name, body } of readTar(tarOf(await localFiles(folder), (bytes) => told.push(bytes)))) {
      const pieces = await Array.fromAsync(body);
      back.push([name, Buffer.concat(pieces).toString()]);
    }
    expect(back).toEqual([
      ['a.txt', 'alpha'],
      ['sub/é.txt', 'beta'],
    ]);
    expect(told.at(-1)).toBe(9);
  });
});

test('a modality is what most of the files are, and asked for where nobody can tell', () => {
  expect(modalityOf(named('a.JPG', 'b.png', 'README.md'))).toBe('images');
  expect(modalityOf(named('a.jpg', 'b.txt'))).toBe('documents');
  expect(() => modalityOf(named('a.bin'))).toThrow('--modality');
});
