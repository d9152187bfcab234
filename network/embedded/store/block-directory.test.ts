import { hash, randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { BlockDirectory } from './block-directory.ts';

const capacityBytes = 10_000;
let path: string;

beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'd-cloud-blocks-'));
});

afterEach(async () => await rm(path, { recursive: true }));

const digestOf = (bytes: Buffer) => hash('sha256', bytes, 'buffer');

test('a put returns only after the bytes were synced, and the block has no name before', async () => {
  const bytes = randomBytes(100);
  const reached = Promise.withResolvers<void>();
  const allowed = Promise.withResolvers<void>();
  const sync = async (handle: FileHandle) => {
    if ((await handle.stat()).isDirectory()) return;
    reached.resolve();
    await allowed.promise;
  };
  const blocks = await BlockDirectory.open(path, { capacityBytes, sync });
  let returned = false;
  const put = blocks.put(digestOf(bytes), bytes).then(() => {
    returned = true;
  });
  await reached.promise;
  expect(await blocks.has(digestOf(bytes))).toBe(false);
  expect(returned).toBe(false);
  allowed.resolve();
  await put;
  expect(await blocks.get(digestOf(bytes))).toEqual(bytes);
});

test('after a sync has failed nothing more is accepted, though the disk would say yes the second time', async () => {
  let syncs = 0;
  const sync = async () => {
    syncs += 1;
    if (syncs === failing) throw Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' });
  };
  let failing = 0;
  const blocks = await BlockDirectory.open(path, { capacityBytes, sync });
  const [kept, lost, late] = [randomBytes(10), randomBytes(11), randomBytes(12)];
  await blocks.put(digestOf(kept), kept);
  failing = syncs + 2;
  await expect(blocks.put(digestOf(lost), lost)).rejects.toThrow('EIO');
  expect(blocks.broken).toMatchObject({ code: 'EIO' });
  await expect(blocks.put(digestOf(late), late)).rejects.toThrow('EIO');
  await expect(blocks.remove(digestOf(kept))).rejects.toThrow('EIO');
  expect(syncs).toBe(failing);
  expect(await blocks.has(digestOf(lost))).toBe(false);
  expect(await blocks.get(digestOf(kept))).toEqual(kept);
});

test('puts at the same time never hold more than the capacity together', async () => {
  const blocks = await BlockDirectory.open(path, { capacityBytes });
  const offered = Array.from({ length: 8 }, () => randomBytes(2_500));
  const puts = await Promise.allSettled(offered.map((bytes) => blocks.put(digestOf(bytes), bytes)));
  expect(puts.filter(({ status }) => status === 'fulfilled')).toHaveLength(4);
  expect(blocks.usage).toEqual({ bytes: 10_000, count: 4, capacityBytes });
  const first = offered[puts.findIndex(({ status }) => status === 'fulfilled')]!;
  expect(await blocks.remove(digestOf(first))).toBe(true);
  const next = randomBytes(2_500);
  await blocks.put(digestOf(next), next);
});

test('opening counts what is there and removes what a crash left half-made', async () => {
  const bytes = randomBytes(100);
  const before = await BlockDirectory.open(path, { capacityBytes });
  await before.put(digestOf(bytes), bytes);
  await mkdir(join(path, 'temporary'), { recursive: true });
  await writeFile(join(path, 'temporary', '17'), 'half of a bl');
  const after = await BlockDirectory.open(path, { capacityBytes });
  expect(after.usage).toEqual({ bytes: 100, count: 1, capacityBytes });
  expect(await readdir(join(path, 'temporary'))).toEqual([]);
  const listed: Uint8Array[] = [];
  for await (const digest of after.digests()) listed.push(digest);
  expect(listed.map((digest) => Buffer.from(digest).toString('hex'))).toEqual([digestOf(bytes).toString('hex')]);
});

test.each(['EIO', 'ENOSPC'])(
  'neither a put nor a removal is acknowledged whose folder failed to sync with %s, nor the same again',
  async (code) => {
    let isFailing = false;
    const sync = async (handle: FileHandle) => {
      if (isFailing && (await handle.stat()).isDirectory()) throw Object.assign(new Error(`${code}: fsync`), { code });
    };
    const [first, second] = [randomBytes(10), randomBytes(11)];
    for (const act of ['put', 'remove'] as const) {
      const blocks = await BlockDirectory.open(join(path, act), { capacityBytes, sync });
      await blocks.put(digestOf(first), first);
      const asked = () => (act === 'put' ? blocks.put(digestOf(second), second) : blocks.remove(digestOf(first)));
      isFailing = true;
      await expect(asked()).rejects.toThrow(code);
      isFailing = false;
      // The name is there, or gone, by now: taken for done, it would be told to somebody.
      await expect(asked()).rejects.toThrow(code);
      expect(blocks.broken).toMatchObject({ code });
    }
  },
);
