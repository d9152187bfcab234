import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { encodeFrame, FrameAssembler, frameLimits } from './frame.ts';

describe('frames on a pipe', () => {
  test('come out as they went in, however the pipe cuts them', () => {
    const frames = fc.array(fc.tuple(fc.jsonValue(), fc.uint8Array({ maxLength: 300 })), { maxLength: 5 });
    fc.assert(
      fc.property(frames, fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (wanted, cuts) => {
        const stream = Buffer.concat(wanted.flatMap(([header, body]) => encodeFrame(header, [body])));
        const assembler = new FrameAssembler<unknown>();
        const found: unknown[] = [];
        for (let at = 0, cut = 0; at < stream.byteLength; cut++) {
          const size = cuts[cut % cuts.length] as number;
          for (const { header, body } of assembler.push(stream.subarray(at, at + size)))
            found.push([header, [...body]]);
          at += size;
        }
        expect(found).toEqual(wanted.map(([header, body]) => [JSON.parse(JSON.stringify(header)), [...body]]));
      }),
    );
  });

  test('with a length over the limit are refused before anything is allocated', () => {
    const lengths = Buffer.alloc(8);
    lengths.writeUInt32LE(frameLimits.headerBytes + 1, 0);
    expect(() => new FrameAssembler().push(lengths)).toThrow(RangeError);
  });
});
