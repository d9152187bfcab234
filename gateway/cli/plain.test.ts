import { expect, test } from '@jest/globals';
import { plain } from './plain.ts';
import { ProgressBar } from './progress.ts';

test('what others named cannot move the cursor, hide text or look like a command of the terminal', () => {
  expect(plain('a\u001b[2Jb\u009b31m\r\u202etxt.exe')).toBe('a\ufffd[2Jb\ufffd31m\ufffd\ufffdtxt.exe');
  expect(plain('Zebra – é\n\tnext')).toBe('Zebra – é\n\tnext');
});

test('a stage that a compute node tells cannot either', () => {
  const written: string[] = [];
  const stream = Object.assign(Object.create(process.stderr), {
    isTTY: true,
    columns: 200,
    write: (text: string) => written.push(text) > 0,
  }) as NodeJS.WritableStream;
  const bar = new ProgressBar({ label: '', unit: 'rows', total: 10 }, stream);
  bar.at(10, 'rows\u001b]0;owned\u0007');
  bar.end();
  expect(written.join('')).not.toContain('\u001b]0;owned');
});
