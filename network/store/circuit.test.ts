import { expect, test } from '@jest/globals';
import { Circuit } from './circuit.ts';

function circuit() {
  const time = { ms: 0 };
  return { time, circuit: new Circuit({ clock: () => time.ms, strikes: 3, firstRestMs: 100, longestRestMs: 400 }) };
}

test('a storage node is asked until it has failed three times in a row', () => {
  const { circuit: one } = circuit();
  one.struck();
  one.struck();
  one.answered(5);
  one.struck();
  one.struck();
  expect([one.state, one.admit()]).toEqual(['serving', true]);
  one.struck();
  expect([one.state, one.admit()]).toEqual(['contained', false]);
});

test('after its rest one request tries it, and no second one beside it', () => {
  const { circuit: one, time } = circuit();
  for (let count = 0; count < 3; count++) one.struck();
  time.ms = 99;
  expect(one.admit()).toBe(false);
  time.ms = 100;
  expect([one.admit(), one.admit()]).toEqual([true, false]);
  one.left();
  expect(one.admit()).toBe(true);
  one.answered(5);
  expect([one.state, one.admit(), one.admit()]).toEqual(['serving', true, true]);
});

test('each failed try doubles the rest, up to the longest', () => {
  const { circuit: one, time } = circuit();
  for (let count = 0; count < 3; count++) one.struck();
  for (const restMs of [100, 200, 400, 400]) {
    time.ms += restMs - 1;
    expect([restMs, one.admit()]).toEqual([restMs, false]);
    time.ms += 1;
    expect([restMs, one.admit()]).toEqual([restMs, true]);
    one.struck();
  }
});

test('how long it usually takes follows its answers slowly', () => {
  const { circuit: one } = circuit();
  expect(one.usualMs).toBeUndefined();
  one.answered(10);
  one.answered(20);
  expect(one.usualMs).toBeCloseTo(12);
});
