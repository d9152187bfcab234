import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { evaluateShapes, submitShapes } from './bodies.ts';
import { agreementKey, amount, instant, integer, list, object, set, text } from './shape.ts';

describe('shapes', () => {
  test('refuse what they do not know, and say where', () => {
    const shape = object<{ a: number; b?: string }>({ a: integer({ min: 0 }) }, { b: text({ max: 3 }) });
    expect(shape({ a: 1, b: 'x' }, 'body')).toEqual({ a: 1, b: 'x' });
    expect(() => shape({ a: 1, owner: 'me' }, 'body')).toThrow('RECORD_INVALID: body.owner is not known');
    expect(() => shape({ b: 'x' }, 'body')).toThrow('body.a is missing');
    expect(() => shape({ a: 1, b: 'long' }, 'body')).toThrow('body.b must have 1 to 3 characters');
    expect(() => shape([], 'body')).toThrow('body must be an object');
    expect(() => shape(JSON.parse('{"a":1,"__proto__":{}}'), 'body')).toThrow('body.__proto__ is not known');
    expect(() => shape({ a: 1, constructor: 1 }, 'body')).toThrow('body.constructor is not known');
  });

  test.each([['1'], [1.5], [-1], [2 ** 53], [Number.NaN], [null]])('take no %p for a whole number', (value) => {
    expect(() => integer({ min: 0 })(value, 'it')).toThrow('RECORD_INVALID');
  });

  test.each([[''], ['01'], ['-1'], ['1.0'], ['0x10'], ['1e3'], [' 1'], ['Infinity'], [1], ['1'.repeat(31)]])(
    'take no %p for an amount',
    (value) => {
      expect(() => amount(value, 'it')).toThrow('RECORD_INVALID');
    },
  );

  test.each([
    ['2026-02-30T00:00:00Z'],
    ['2026-01-01T25:00:00Z'],
    ['2026-01-01T00:00:00'],
    ['2026-01-01T00:00:00+01:00'],
    ['2026-01-01'],
    ['2026-01-01T00:00:00.1234Z'],
    [1],
  ])('take no %p for a time', (value) => {
    expect(() => instant(value, 'it')).toThrow('RECORD_INVALID');
  });

  test.each([['a\0'], ['\u202eabc'], ['\ud800'], ['\u0085']])('take no control characters in text: %p', (value) => {
    expect(() => text({ max: 10 })(value, 'it')).toThrow('control characters');
  });

  test('take no key that has bits to spare', () => {
    const key = Buffer.alloc(32, 255).toString('base64');
    expect(agreementKey(key, 'it')).toBe(key);
    expect(() => agreementKey(`${key.slice(0, 42)}9=`, 'it')).toThrow('32 bytes');
  });

  test('take no list beyond its bounds and no set that repeats', () => {
    expect(() => list(integer({ min: 0 }), { max: 1 })([1, 2], 'it')).toThrow('0 to 1 entries');
    expect(() => set(text({ max: 3 }), { max: 3 })(['a', 'a'], 'it')).toThrow('repeat');
  });

  test('of every transaction refuse whatever JSON comes, with a refusal and nothing else', () => {
    const shapes = [...Object.values(submitShapes), ...Object.values(evaluateShapes)];
    expect(shapes.length).toBeGreaterThan(40);
    fc.assert(
      fc.property(fc.jsonValue(), fc.nat(shapes.length - 1), (value, at) => {
        try {
          shapes[at]?.(value, 'body');
        } catch (error) {
          expect(String((error as Error).message)).toMatch(/^RECORD_INVALID: body/);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
