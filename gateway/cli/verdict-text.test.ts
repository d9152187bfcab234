import { expect, test } from '@jest/globals';
import { Checks, must, needed } from '../evidence/checks.ts';
import { verdictText } from './verdict-text.ts';

test('one line failed, and those that needed what it would have shown were skipped: none of the others is accused', () => {
  const checks = new Checks();
  checks.run('format', () => ({ found: true, sentence: 'It can be read.' }));
  const chain = checks.run('genesis', () => {
    must(false, 'it begins somewhere else');
    return { found: 'chain', sentence: '' };
  });
  checks.run('job', () => ({ found: needed(chain), sentence: '' }));
  expect(verdictText({ ok: checks.ok, checks: checks.list }, ['It proves nothing more.'])).toBe(
    [
      'ok      format  It can be read.',
      'FAILED  genesis it begins somewhere else.',
      'skipped job     An earlier check failed.',
      'note    It proves nothing more.',
      'NOT verified.',
    ].join('\n'),
  );
});
