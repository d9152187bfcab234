import { describe, expect, test } from '@jest/globals';
import { table } from './output.ts';
import { ProgressLines } from './progress.ts';

describe('progress where there is no terminal', () => {
  function lines(total: number) {
    const written: string[] = [];
    const clock = { ms: 0 };
    const progress = new ProgressLines(
      { label: '  sending', unit: 'KiB', total },
      (line) => written.push(line),
      () => clock.ms,
    );
    return { written, clock, progress };
  }

  test('is the first line, at most one a second, and the last', () => {
    const { written, clock, progress } = lines(100);
    for (let done = 0; done <= 100; done += 10) {
      progress.at(done);
      clock.ms += 250;
    }
    progress.end();
    expect(written).toEqual([
      '  sending 0/100 KiB',
      '  sending 40/100 KiB',
      '  sending 80/100 KiB',
      '  sending 100/100 KiB',
    ]);
  });

  test('says the same thing once, and the last note even when nothing moved', () => {
    const { written, clock, progress } = lines(5);
    progress.at(5, 'finishing');
    clock.ms += 5_000;
    progress.at(5, 'finishing');
    progress.at(5, 'succeeded');
    progress.end();
    progress.end();
    expect(written).toEqual(['  sending 5/5 KiB finishing', '  sending 5/5 KiB succeeded']);
  });

  test('leaves out a total that nobody knows', () => {
    const { written, progress } = lines(0);
    progress.at(12);
    expect(written).toEqual(['  sending 12 KiB']);
  });

  test('writes nothing for what never began', () => {
    const { written, progress } = lines(3);
    progress.end();
    expect(written).toEqual([]);
  });
});

test('a table without rows says that there are none', () => {
  expect(table(['dataset', 'title'], [])).toBe('dataset: none');
});

test('a table lines up its columns and has no spaces at the ends of lines', () => {
  expect(
    table(
      ['name', 'rows'],
      [
        ['a', '1'],
        ['longer name', ''],
      ],
    ),
  ).toBe(['name         rows', '───────────  ────', 'a            1', 'longer name'].join('\n'));
});
