import { expect, test } from '@jest/globals';
import { Intake } from './intake.ts';

const piece = Buffer.from([1, 2]);

test('pieces are written one after the other, and what arrived is a view of the memory', () => {
  const into = new Uint8Array(5);
  const intake = new Intake(into, undefined);
  intake.take(piece);
  intake.take(piece);
  expect([...intake.bytes('node')]).toEqual([1, 2, 1, 2]);
  expect([...into]).toEqual([1, 2, 1, 2, 0]);
});

test('nothing is written once it is closed, or the signal has aborted, though pieces still come', () => {
  const into = new Uint8Array(6);
  const given = new AbortController();
  const aborted = new Intake(into, given.signal);
  aborted.take(piece);
  given.abort();
  aborted.take(piece);
  const closed = new Intake(into.subarray(2), undefined);
  closed.close();
  closed.take(piece);
  expect([...into]).toEqual([1, 2, 0, 0, 0, 0]);
});

test('more than fits is corrupt', () => {
  const intake = new Intake(new Uint8Array(3), undefined);
  intake.take(piece);
  intake.take(piece);
  expect(() => intake.bytes('storage node s1')).toThrow('storage node s1 sent 4 bytes where 3 were asked for');
});
