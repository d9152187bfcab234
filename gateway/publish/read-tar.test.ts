import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { writeTar } from '../open/write-tar.ts';
import { readTar } from './read-tar.ts';

type Read = { name: string; sizeBytes: number; bytes: Buffer };

async function* cut(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function readAll(archive: Uint8Array, pieces = 10_000): Promise<Read[]> {
  const files: Read[] = [];
  for await (const { name, sizeBytes, body } of readTar(cut(archive, pieces))) {
    const parts: Uint8Array[] = [];
    for await (const part of body) parts.push(part);
    files.push({ name, sizeBytes, bytes: Buffer.concat(parts) });
  }
  return files;
}

async function written(files: readonly { name: string; bytes: Uint8Array }[]): Promise<Buffer> {
  async function* items() {
    for (const { name, bytes } of files) yield { name, sizeBytes: bytes.length, body: cut(bytes, 700) };
  }
  const parts: Uint8Array[] = [];
  for await (const part of writeTar(items())) parts.push(part);
  return Buffer.concat(parts);
}

let folder: string;
const long = `${'deep/'.repeat(30)}${'n'.repeat(120)}.txt`;
const files = [
  { name: 'a.txt', bytes: Buffer.from('hello') },
  { name: 'empty.bin', bytes: Buffer.alloc(0) },
  { name: 'exact.bin', bytes: randomBytes(1024) },
  { name: 'Ünïcödé – 図.txt', bytes: Buffer.from('x') },
  { name: long, bytes: randomBytes(3000) },
];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tar-'));
  for (const { name, bytes } of files) {
    mkdirSync(join(folder, 'in', name, '..'), { recursive: true });
    writeFileSync(join(folder, 'in', name), bytes);
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);
const systemTar = (...options: string[]) =>
  execFileSync('tar', ['-C', join(folder, 'in'), ...options, '-cf', '-', '.'], { maxBuffer: 1 << 26 });

describe('reading an archive', () => {
  test.each(['--format=pax', '--format=gnu'])('gives the files that tar wrote with %s', async (format) => {
    const read = await readAll(systemTar(format), 777);
    expect(read.map(({ name, bytes }) => ({ name, bytes })).toSorted(byName)).toEqual(files.toSorted(byName));
  });

  test('gives back what our own writer wrote, however the stream is cut, and so does tar', async () => {
    const archive = await written(files);
    for (const pieces of [1, 512, 1_000_000]) {
      expect((await readAll(archive, pieces)).map(({ name, bytes }) => ({ name, bytes }))).toEqual(files);
    }
    mkdirSync(join(folder, 'out'));
    execFileSync('tar', ['-C', join(folder, 'out'), '-xf', '-'], { input: archive });
    execFileSync('diff', ['-r', join(folder, 'in'), join(folder, 'out')]);
    expect(await written(files)).toEqual(archive);
  });

  test('passes over what nobody read of a file', async () => {
    const names: string[] = [];
    for await (const { name } of readTar(cut(await written(files), 300))) names.push(name);
    expect(names).toEqual(files.map(({ name }) => name));
  });

  test('refuses one that ends early, wherever it was cut', async () => {
    const archive = await written(files.slice(0, 3));
    for (let at = 0; at <= archive.length - 1024; at += 97) {
      await expect(readAll(archive.subarray(0, at))).rejects.toMatchObject({ code: 'CONTENT_INVALID' });
    }
  });

  test('refuses any flipped byte of a header', async () => {
    const archive = await written([{ name: 'a.txt', bytes: Buffer.from('hello') }]);
    for (let at = 0; at < 512; at += 1) {
      const changed = Buffer.from(archive);
      changed[at]! ^= 0x01;
      await expect(readAll(changed)).rejects.toMatchObject({ code: 'CONTENT_INVALID' });
    }
  });

  test.each(['/etc/passwd', '../up.txt', 'a/../../b', 'a//b', 'a\\b', 'ab\u202ecod.txt', '.', 'x/'])(
    'refuses the name %j',
    async (name) => {
      await expect(readAll(await written([{ name, bytes: Buffer.from('x') }]))).rejects.toMatchObject({
        code: 'CONTENT_INVALID',
      });
    },
  );

  test('refuses links, and bytes after the end', async () => {
    const links = mkdtempSync(join(tmpdir(), 'links-'));
    symlinkSync('/etc/passwd', join(links, 'link'));
    const archive = execFileSync('tar', ['-C', links, '-cf', '-', 'link']);
    rmSync(links, { recursive: true });
    await expect(readAll(archive)).rejects.toThrow('not a file or folder');
    const trailed = Buffer.concat([await written(files.slice(0, 1)), Buffer.from('more')]);
    await expect(readAll(trailed)).rejects.toThrow('bytes after its end');
  });
});
