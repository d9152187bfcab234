import { Refusal } from '@d-cloud/chaincode/domain';
import { Fault } from '@d-cloud/network/ledger';
import { expect, test } from '@jest/globals';
import type { OpenedContent } from './open-content.ts';
import { type Lying, openThroughResealing } from './open-through-resealing.ts';

const content = Buffer.from('what a version says, however it is sealed');
const gone = () => new Fault('unavailable', 'fewer than k fragments are to be had');

/** A version's content in pieces of that size, which ends with the blocks being gone after so many bytes. */
function lying(name: string, { pieceBytes = 5, endsAfter = Number.POSITIVE_INFINITY, of = content } = {}): Lying {
  let isRead = false;
  async function* bytes() {
    for (let at = 0; at < of.length; at += pieceBytes) {
      if (at >= endsAfter) throw gone();
      yield of.subarray(at, at + pieceBytes);
    }
    isRead = true;
  }
  const opened: OpenedContent = {
    mediaType: 'text/plain',
    bytes: bytes(),
    digest: () => (isRead ? `digest of ${name}` : undefined),
  };
  return {
    name,
    open: async () => {
      if (endsAfter === 0) throw gone();
      return opened;
    },
  };
}

/** Looks a version up: it lies as the first says, then as the next one does, and at last as the last one. */
function finds(...places: readonly Lying[]) {
  let at = 0;
  return async () => places[Math.min(at++, places.length - 1)]!;
}

const { signal } = new AbortController();
const read = async ({ bytes }: OpenedContent) => Buffer.concat(await Array.fromAsync(bytes));

test('a version that was sealed anew before its first byte is read as it is now', async () => {
  const opened = await openThroughResealing(finds(lying('old', { endsAfter: 0 }), lying('new')), signal);
  expect(await read(opened)).toEqual(content);
  expect(opened.digest()).toBe('digest of new');
});

test.each([1, 3, 5, 7, 40])(
  'one whose old blocks go in the middle of it is read on, in pieces of %d bytes',
  async (pieceBytes) => {
    const places = finds(
      lying('old', { endsAfter: 12 }),
      lying('newer', { endsAfter: 21 }),
      lying('new', { pieceBytes }),
    );
    const opened = await openThroughResealing(places, signal);
    expect(await read(opened)).toEqual(content);
    expect(opened.digest()).toBe('digest of new');
  },
);

test('a version that lies as before and cannot be had fails, before its first byte and after', async () => {
  await expect(openThroughResealing(finds(lying('old', { endsAfter: 0 })), signal)).rejects.toThrow('fewer than k');
  const opened = await openThroughResealing(finds(lying('old', { endsAfter: 10 })), signal);
  await expect(read(opened)).rejects.toThrow('fewer than k');
  expect(opened.digest()).toBeUndefined();
});

test('one that moves whenever it is looked for is given up', async () => {
  let found = 0;
  const opening = openThroughResealing(async () => lying(`place ${found++}`, { endsAfter: 0 }), signal);
  await expect(opening).rejects.toThrow('fewer than k');
  expect(found).toBeLessThan(10);
});

test.each([
  ['other content', Buffer.from('something else, just as long as that was.')],
  ['less', content.subarray(0, 8)],
])('%s than was given already is not taken for the rest of it', async (_, of) => {
  const opened = await openThroughResealing(finds(lying('old', { endsAfter: 10 }), lying('new', { of })), signal);
  await expect(read(opened)).rejects.toMatchObject({ kind: 'corrupt' });
});

test('a right that ends meanwhile ends the read', async () => {
  const places = [async () => lying('old', { endsAfter: 10 })];
  const revoked = () => Promise.reject(new Refusal('GRANT_REVOKED', 'the grant is revoked'));
  const opened = await openThroughResealing(() => (places.shift() ?? revoked)(), signal);
  await expect(read(opened)).rejects.toMatchObject({ code: 'GRANT_REVOKED' });
});
