import { expect, test } from '@jest/globals';
import { decimal, idList, wholeNumber } from './parse-option.ts';

test('a list of ids comes sorted, each once, without blanks', () => {
  expect(idList('b, a,,b')).toEqual(['a', 'b']);
  expect(() => idList(' , ')).toThrow('at least one');
});

test('numbers are whole, from 1 on, and never what JavaScript makes of other texts', () => {
  expect(wholeNumber('16')).toBe(16);
  expect(decimal('12345678901234567890')).toBe('12345678901234567890');
  for (const text of ['', ' ', '0', '-1', '1.5', '0x10', '1e3', 'Infinity', '007', '9'.repeat(21)]) {
    expect(() => wholeNumber(text)).toThrow();
    expect(() => decimal(text)).toThrow();
  }
  expect(() => wholeNumber('9007199254740993')).toThrow('too much');
});
