import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { canonicalJson, parseCanonicalJson, parseUnambiguousJson } from './canonical-json.ts';

describe('canonical JSON', () => {
  test('sorts names by UTF-16 units and writes numbers and strings as RFC 8785 does', () => {
    const value = {
      numbers: [333333333.3333333, 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
      string: '€$\u000f\nA\'B"\\\\"/',
      literals: [null, true, false],
    };
    expect(canonicalJson(value)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
    expect(canonicalJson({ '\ud83d\ude00': 1, '\ufb33': 2, '€': 3, a: 4, '\r': 5 })).toBe(
      '{"\\r":5,"a":4,"€":3,"\ud83d\ude00":1,"\ufb33":2}',
    );
  });

  test('has one text per value, whatever the order of its names', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue(), { maxKeys: 6 }), (value) => {
        fc.pre(!/\\ud[89a-f]/.test(JSON.stringify(value)));
        const turned = Object.fromEntries(Object.entries(value).reverse());
        expect(canonicalJson(turned)).toBe(canonicalJson(value));
        expect(canonicalJson(JSON.parse(canonicalJson(value)))).toBe(canonicalJson(value));
      }),
    );
  });

  test.each([[Number.NaN], [Number.POSITIVE_INFINITY], ['\ud800'], [undefined], [1n], [() => 1]])(
    'has no %p',
    (value) => {
      expect(() => canonicalJson([value])).toThrow(TypeError);
    },
  );

  test.each([
    ['white space', '{"a": 1}'],
    ['a name twice', '{"a":1,"a":2}'],
    ['names out of order', '{"b":1,"a":2}'],
    ['a float spelled otherwise', '{"a":1.0}'],
    ['minus zero', '[-0]'],
    ['an escape that is not needed', '"\\u0041"'],
    ['a lone surrogate', '"\\ud800"'],
    ['no JSON', '{'],
    ['depth', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
  ])('is refused where it is not: %s', (_, text) => {
    expect(() => parseCanonicalJson(text, 'it', 1e6)).toThrow(/^RECORD_INVALID: it /);
  });

  test('is refused beyond its bound', () => {
    expect(() => parseCanonicalJson('"12345"', 'it', 6)).toThrow('RECORD_INVALID: it is longer than 6 characters');
  });

  test('keeps a name __proto__ a name', () => {
    const value = parseCanonicalJson('{"__proto__":{"polluted":1}}', 'it', 100);
    expect(Object.keys(value as object)).toEqual(['__proto__']);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });
});

describe('JSON of others', () => {
  test.each([['{'], ['"a'], [''], [`${'['.repeat(30)}${']'.repeat(30)}`]])(
    'is refused where it is none: %s',
    (text) => {
      expect(() => parseUnambiguousJson(text, 'it', 'RECORD_INVALID')).toThrow('RECORD_INVALID: it is not JSON');
    },
  );

  test('may be laid out as they like', () => {
    expect(parseUnambiguousJson(' { "b" : [ {"a" : "x:\\"y\\":"} ] , "a":{"b":1} } ', 'it', 'RECORD_INVALID')).toEqual({
      b: [{ a: 'x:"y":' }],
      a: { b: 1 },
    });
  });

  test.each([['{"a":1,"a":1}'], ['{"x":[{"a":1, "\\u0061":2}]}'], ['{"a":{"b":1},"a":{"b":2}}']])(
    'is refused where a name stands twice: %s',
    (text) => {
      expect(() => parseUnambiguousJson(text, 'it', 'ATTESTATION_INVALID')).toThrow(
        'ATTESTATION_INVALID: it says a name twice',
      );
    },
  );
});
