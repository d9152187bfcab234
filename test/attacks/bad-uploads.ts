import { createHash } from 'node:crypto';
import type { DatasetView, VersionView } from '@d-cloud/gateway/cli';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { refusalOf } from '../support/answers.ts';
import { storedBlocks } from '../support/blocks.ts';
import { rawRest } from '../support/exchange.ts';
import type { Network } from '../support/network.ts';
import { badSample, photograph } from '../support/samples.ts';
import { publishBytes, publishFiles, registerDataset } from '../support/stories.ts';
import { type TarEntry, tar } from '../support/tar.ts';
import { until } from '../support/until.ts';

const text = (name: string): TarEntry => ({ name, bytes: Buffer.from('some text that is harmless\n') });

/** Content that is not what it should be. Nothing of it may be published, and no block of it may stay. */
export function badUploads(network: () => Network): void {
  let dataset: DatasetView;
  let blocksBefore: number;
  const alder = () => network().as('alder');

  beforeAll(async () => {
    dataset = await registerDataset(alder(), { title: 'Never published' });
    blocksBefore = (await storedBlocks(network())).size;
  });

  describe('as an archive', () => {
    test.each<[string, readonly TarEntry[] | Buffer]>([
      ['a symbolic link', [text('a.txt'), { name: 'link', type: '2', link: '/etc/passwd' }]],
      ['a hard link', [text('a.txt'), { name: 'link', type: '1', link: 'a.txt' }]],
      ['a device', [{ name: 'null', type: '3' }]],
      ['a name that leaves the folder', [text('../outside.txt')]],
      ['a name that leaves it in the middle', [text('a/../../outside.txt')]],
      ['an absolute name', [text('/etc/cron.d/evil')]],
      ['a name with a line feed', [text('a\nb.txt')]],
      ['a name that turns the writing direction', [text('gpj.\u202etxt.exe')]],
      ['a name with a backslash', [text('..\\outside.txt')]],
      ['no file', []],
      ['an empty file', [text('a.txt'), { name: 'empty.txt' }]],
      ['no end', tar([text('a.txt')]).subarray(0, 700)],
      ['bytes after its end', Buffer.concat([tar([text('a.txt')]), Buffer.from('more')])],
      ['a wrong checksum', Buffer.concat([Buffer.from('x'), tar([text('a.txt')]).subarray(1)])],
      ['no bytes', Buffer.alloc(0)],
      ['noise', Buffer.alloc(2048, 7)],
    ])('%s is refused', async (_, entries) => {
      const bytes = Buffer.isBuffer(entries) ? entries : tar(entries as readonly TarEntry[]);
      const asked = publishBytes(alder(), dataset.id, bytes, 'application/x-tar');
      expect(await refusalOf(asked)).toEqual({ status: 422, code: 'CONTENT_INVALID' });
    });

    test('a text with a photograph’s name is refused with a folder that holds it', async () => {
      const entries = [await photograph('drum.jpg'), { name: 'text.jpg', bytes: await badSample('text-named.jpg') }];
      expect(await refusalOf(publishFiles(alder(), dataset.id, entries))).toMatchObject({ status: 422 });
    });
  });

  describe('as one file', () => {
    test('an empty file is refused, with and without a stated length', async () => {
      const asked = publishBytes(alder(), dataset.id, Buffer.alloc(0), 'text/plain', { name: 'empty.txt' });
      expect(await refusalOf(asked)).toMatchObject({ status: 422 });
      const headers = {
        'content-type': 'text/plain',
        'content-disposition': 'attachment; filename="empty.txt"',
        'idempotency-key': 'empty-with-length',
      };
      const answer = await rawRest(network(), 'alder', `/v1/datasets/${dataset.id}/versions`, {
        method: 'POST',
        headers,
        body: '',
      });
      expect(answer).toMatchObject({ status: 422, code: 'CONTENT_INVALID' });
    });

    test('bytes that are not of the declared type are refused', async () => {
      const bytes = await badSample('text-named.jpg');
      const asked = publishBytes(alder(), dataset.id, bytes, 'image/jpeg', { name: 'photo.jpg' });
      expect(await refusalOf(asked)).toMatchObject({ status: 422 });
    });

    test('a file without a name, or with one that is a path, is refused', async () => {
      const send = (disposition: string) =>
        rawRest(network(), 'alder', `/v1/datasets/${dataset.id}/versions`, {
          method: 'POST',
          headers: {
            'content-type': 'text/plain',
            'idempotency-key': crypto.randomUUID(),
            'content-disposition': disposition,
          },
          body: 'some text\n',
        });
      for (const disposition of [
        'attachment',
        'attachment; filename="../x"',
        "attachment; filename*=UTF-8''..%2Fx",
        "attachment; filename*=UTF-8''a%00b",
        "attachment; filename*=UTF-8''%ff",
      ]) {
        const { status } = await send(disposition);
        expect([disposition, [400, 422].includes(status)]).toEqual([disposition, true]);
      }
    });

    test('bytes that are not those of the stated digest are refused', async () => {
      const digest = createHash('sha256').update('other bytes').digest('base64');
      const answer = await rawRest(network(), 'alder', `/v1/datasets/${dataset.id}/versions`, {
        method: 'POST',
        headers: {
          'content-type': 'text/plain',
          'content-disposition': 'attachment; filename="a.txt"',
          'idempotency-key': crypto.randomUUID(),
          'repr-digest': `sha-256=:${digest}:`,
        },
        body: 'these bytes\n',
      });
      expect(answer).toMatchObject({ status: 422, code: 'DIGEST_MISMATCH' });
    });
  });

  describe('as a table', () => {
    const arrow = 'application/vnd.apache.arrow.stream';

    test('an Arrow stream cut at a message boundary is refused', async () => {
      const asked = publishBytes(alder(), dataset.id, await badSample('truncated.arrows'), arrow);
      expect(await refusalOf(asked)).toEqual({ status: 422, code: 'CONTENT_INVALID' });
    });

    test('an Arrow stream cut anywhere, and one that is none, are refused', async () => {
      const whole = await badSample('whole.arrows');
      for (const length of [1, 8, 100, Math.floor(whole.length / 2), whole.length - 9, whole.length - 1]) {
        const asked = publishBytes(alder(), dataset.id, whole.subarray(0, length), arrow);
        expect([length, (await refusalOf(asked)).status]).toEqual([length, 422]);
      }
      const asked = publishBytes(alder(), dataset.id, Buffer.alloc(4096, 0x41), arrow);
      expect((await refusalOf(asked)).status).toBe(422);
    }, 120_000);
  });

  describe('afterwards', () => {
    test('nothing was published and every block that was put is gone', async () => {
      const { items } = await alder().call<{ items: VersionView[] }>('GET', `/datasets/${dataset.id}/versions`);
      expect(items).toEqual([]);
      await until('orphans to be gone', async () => (await storedBlocks(network())).size === blocksBefore);
    }, 120_000);

    test('another organization can publish nothing into a dataset, and sees no more than that it is not there', async () => {
      const asked = publishFiles(network().as('birch'), dataset.id, [text('a.txt')]);
      expect(await refusalOf(asked)).toEqual({ status: 404, code: 'DATASET_NOT_FOUND' });
    });
  });
}
