import { writeSegment } from '@d-cloud/pipelines/ingest';
import { describe, expect, test } from '@jest/globals';
import { itemsOf } from './segment-items.ts';

/** A segment of one file as any publisher could have sealed it. */
async function* sealedBy(name: string, mediaType = 'text/plain') {
  const row = { name, media_type: mediaType, bytes: Buffer.from('x'), attributes: '{}', item: 0, part: 0, parts: 1 };
  yield { index: 0, bytes: writeSegment([row]), rows: 1 };
}

describe('items of a version that another organization sealed', () => {
  test('come with their name and media type', async () => {
    const first = await itemsOf(sealedBy('a/b.txt')).next();
    expect(first.value).toMatchObject({ name: 'a/b.txt', mediaType: 'text/plain', sizeBytes: 1 });
  });

  test.each(['../../.ssh/authorized_keys', '/etc/cron.d/x', 'a/../../b', 'a\u001b[2J.txt', ''])(
    'are not given under the name %j',
    async (name) => {
      await expect(itemsOf(sealedBy(name)).next()).rejects.toMatchObject({ name: 'Fault', kind: 'corrupt' });
    },
  );

  test('are bytes where their media type is none', async () => {
    const first = await itemsOf(sealedBy('a', 'text/html\r\nX-Evil: 1')).next();
    expect(first.value).toMatchObject({ mediaType: 'application/octet-stream' });
  });
});
