import { expect, test } from '@jest/globals';
import { Slots } from './slots.ts';

test('a key has as many slots as it was given, gets them back, and takes none of another key', () => {
  const slots = new Slots(2, 'TOO_MANY_UPLOADS');
  const first = slots.take('a');
  slots.take('a');
  expect(() => slots.take('a')).toThrow(expect.objectContaining({ code: 'TOO_MANY_UPLOADS' }));
  slots.take('b')[Symbol.dispose]();
  first[Symbol.dispose]();
  expect(() => slots.take('a')).not.toThrow();
  expect(() => slots.take('a')).toThrow();
});
