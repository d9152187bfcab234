import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { JsonRefused, parseStrictJson } from './strict-json.ts';

describe('strict JSON', () => {
  test('reads what JSON.parse reads, for any value within the bounds', () => {
    const names = fc
      .string({ unit: 'grapheme', maxLength: 8 })
      .filter((name) => !/^(__proto__|constructor|prototype)$/.test(name));
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { maxDepth: 4 },
        fc.string({ unit: 'grapheme' }),
        fc.integer(),
        fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e15, max: 1e15 }),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie('any'), { maxLength: 5 }),
        fc.dictionary(names, tie('any'), { maxKeys: 5, noNullPrototype: true }),
      ),
    })).any;
    fc.assert(
      fc.property(value, fc.integer({ min: 0, max: 3 }), (input, indent) => {
        const text = JSON.stringify(input, null, indent);
        expect(parseStrictJson(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  test.each([
    ['a duplicate key', '{"a":1,"a":2}', ''],
    ['a duplicate key spelt with an escape', '{"a":1,"\\u0061":2}', ''],
    ['__proto__', '{"x":{"__proto__":{"polluted":true}}}', '/x'],
    ['constructor', '{"constructor":{"prototype":{"polluted":true}}}', ''],
    ['33 levels', '['.repeat(34) + ']'.repeat(34), `${'/0'.repeat(33)}`],
    ['a number of 41 characters', `[${'1'.repeat(41)}]`, '/0'],
    ['an integer that would be rounded', '{"a":9007199254740993}', '/a'],
    ['an infinite number', '[1e999]', '/0'],
    ['a lone surrogate', '["\\ud800"]', '/0'],
    ['a raw control character', '["\n"]', '/0'],
    ['a trailing comma', '[1,]', '/1'],
    ['two values', '1 2', ''],
    ['nothing', '', ''],
    ['hexadecimal', '0x10', ''],
    ['a string that does not end', '"abc', ''],
    ['a string of 64 KiB', JSON.stringify('x'.repeat(65_600)), ''],
    ['more than ten thousand values', `[${Array.from({ length: 10_001 }, () => 0).join()}]`, '/9999'],
  ])('refuses %s and says where', (_what, text, pointer) => {
    expect(() => parseStrictJson(text)).toThrow(expect.objectContaining({ name: 'JsonRefused', pointer }));
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  });

  test('a million brackets are refused at once', () => {
    const started = performance.now();
    expect(() => parseStrictJson('['.repeat(1_000_000))).toThrow(JsonRefused);
    expect(performance.now() - started).toBeLessThan(50);
  });
});
