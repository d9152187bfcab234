import { beforeEach, describe, expect, test } from '@jest/globals';
import { neverBack, steadily } from './clock.ts';

const hour = 60 * 60 * 1000;
let wallMs: number;
let elapsedMs: number;
beforeEach(() => {
  wallMs = Date.parse('2026-11-22T12:00:00Z');
  elapsedMs = 500;
});
const pass = (ms: number) => {
  wallMs += ms;
  elapsedMs += ms;
};
const isoOf = (clock: { now(): Date }) => clock.now().toISOString();

describe('when the clock of the machine jumps', () => {
  test('back an hour, what had ended stays ended', () => {
    const clock = neverBack(
      () => wallMs,
      () => elapsedMs,
    );
    pass(hour);
    wallMs -= hour;
    expect(isoOf(clock)).toBe('2026-11-22T13:00:00.000Z');
    pass(1_000);
    expect(isoOf(clock)).toBe('2026-11-22T13:00:01.000Z');
  });

  test('ahead five minutes, what ends by then has ended, also after it is put back', () => {
    const clock = neverBack(
      () => wallMs,
      () => elapsedMs,
    );
    wallMs += 5 * 60_000;
    expect(isoOf(clock)).toBe('2026-11-22T12:05:00.000Z');
    wallMs -= 5 * 60_000;
    expect(isoOf(clock)).toBe('2026-11-22T12:05:00.000Z');
    pass(1_000);
    expect(isoOf(clock)).toBe('2026-11-22T12:05:01.000Z');
  });

  test('ahead, because the machine had slept, and back a little, it stays where it was', () => {
    const clock = neverBack(
      () => wallMs,
      () => elapsedMs,
    );
    wallMs += 8 * hour;
    expect(isoOf(clock)).toBe('2026-11-22T20:00:00.000Z');
    wallMs -= 200;
    expect(isoOf(clock)).toBe('2026-11-22T20:00:00.000Z');
  });

  test.each([hour, -hour, 5 * 60_000, -5 * 60_000])('by %d ms, a duration is as long as it takes', (jump) => {
    const clock = steadily({ now: () => new Date(wallMs) }, () => elapsedMs);
    const before = clock.now().getTime();
    wallMs += jump;
    pass(1_000);
    expect(clock.now().getTime() - before).toBe(1_000);
  });
});
