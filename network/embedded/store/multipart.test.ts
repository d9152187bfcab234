import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { boundaryOf, filesOf } from './multipart.ts';

const limits = { maxFileBytes: 1000, tooLarge: 'too large' };

test('files come out as they went in, however the network cut them', async () => {
  const boundary = 'ab';
  // Bytes that look like pieces of the delimiter are the hard case.
  const byte = fc.constantFrom(...Buffer.from('\r\n-ab'), 0, 255);
  const file = fc
    .array(byte, { maxLength: 40 })
    .map((bytes) => Buffer.from(bytes))
    .filter((bytes) => !bytes.includes(`\r\n--${boundary}`));
  await fc.assert(
    fc.asyncProperty(
      fc.array(file, { minLength: 1, maxLength: 4 }),
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
      async (files, cuts) => {
        const parts = files.map((bytes) =>
          Buffer.concat([Buffer.from(`--${boundary}\r\nName: x\r\n\r\n`), bytes, Buffer.from('\r\n')]),
        );
        const body = Buffer.concat([...parts, Buffer.from(`--${boundary}--\r\n`)]);
        expect(await collected(filesOf(pieces(body, cuts), boundary, limits))).toEqual(files);
      },
    ),
    { numRuns: 2000 },
  );
});

test('a body cut short at any byte gives no torn file', async () => {
  const content = Buffer.from('content');
  const body = Buffer.concat([Buffer.from('--ab\r\nName: x\r\n\r\n'), content, Buffer.from('\r\n--ab--')]);
  for (let length = 0; length < body.length; length++) {
    const files: Buffer[] = [];
    const reading = (async () => {
      for await (const file of filesOf(pieces(body.subarray(0, length), [4]), 'ab', limits)) files.push(file);
    })();
    await expect(reading).rejects.toMatchObject({ name: 'MultipartError' });
    expect(files.every((file) => file.equals(content))).toBe(true);
  }
});

test('a file over the limit ends the reading before it is whole in memory', async () => {
  let taken = 0;
  async function* endless() {
    yield Buffer.from('--ab\r\nName: x\r\n\r\n');
    for (;;) {
      taken += 100;
      yield Buffer.alloc(100);
    }
  }
  await expect(collected(filesOf(endless(), 'ab', limits))).rejects.toThrow('too large');
  expect(taken).toBeLessThan(1500);
});

test('the boundary is read with and without quotes, and only of form data', () => {
  expect(boundaryOf('multipart/form-data; boundary=abc')).toBe('abc');
  expect(boundaryOf('multipart/form-data; charset=x; boundary="a b"')).toBe('a b');
  expect(boundaryOf('text/plain; boundary=abc')).toBeUndefined();
  expect(boundaryOf(undefined)).toBeUndefined();
});

async function* pieces(bytes: Buffer, cuts: readonly number[]): AsyncGenerator<Buffer> {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const length = cuts[turn % cuts.length]!;
    yield bytes.subarray(at, at + length);
    at += length;
  }
}

async function collected<T>(source: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const each of source) all.push(each);
  return all;
}
