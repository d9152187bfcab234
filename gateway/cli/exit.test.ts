import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { CommanderError } from 'commander';
import { failureOf } from './exit.ts';
import { Problem, Unreachable } from './rest.ts';

describe('a command that could not do what it was asked', () => {
  test('ends with 1 where a rule said no, and tells its code and status', () => {
    const refusal = new Problem(403, { code: 'GRANT_REVOKED', detail: 'grant grnt_x was revoked', retryable: false });
    expect(failureOf(refusal)).toEqual({
      exitCode: 1,
      error: 'grant grnt_x was revoked',
      code: 'GRANT_REVOKED',
      status: 403,
    });
  });

  test('ends with 3 where asking again may work: a fault, or a gateway that does not answer', () => {
    expect(failureOf(new Problem(503, { code: 'UNAVAILABLE', retryable: true }))).toMatchObject({ exitCode: 3 });
    expect(failureOf(new Unreachable('The gateway does not answer'))).toEqual({
      exitCode: 3,
      error: 'The gateway does not answer',
    });
  });

  test('ends with 1 and one line where it was mistyped', () => {
    const mistyped = new CommanderError(1, 'commander.unknownCommand', "error: unknown command 'x'\n(Did you mean y?)");
    expect(failureOf(mistyped)).toEqual({ exitCode: 1, error: "unknown command 'x' (Did you mean y?)" });
  });

  test('is none where help was asked for', () => {
    expect(failureOf(new CommanderError(0, 'commander.helpDisplayed', '(outputHelp)'))).toBeUndefined();
  });

  test('tells of a file that is not there, may not be read or is a folder without naming system calls', () => {
    const thrownBy = (act: () => unknown) => {
      try {
        act();
      } catch (error) {
        return failureOf(error);
      }
      throw new Error('it did not fail');
    };
    expect(thrownBy(() => readFileSync('/nowhere/x'))).toEqual({
      exitCode: 1,
      error: 'There is no file or folder /nowhere/x',
    });
    expect(thrownBy(() => readFileSync('/etc/passwd/x'))).toEqual({
      exitCode: 1,
      error: '/etc/passwd/x lies in no folder',
    });
    expect(thrownBy(() => writeFileSync('/tmp', ''))).toEqual({ exitCode: 1, error: '/tmp is a folder' });
  });

  test('tells whatever else was thrown', () => {
    expect(failureOf('what')).toEqual({ exitCode: 1, error: 'what' });
  });
});
