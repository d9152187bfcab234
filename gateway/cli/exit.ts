import { CommanderError } from 'commander';
import { Problem, Unreachable } from './rest.ts';

/** What a shell and a person are told when a command could not do what it was asked. */
export type Failure = {
  /** 1: the answer is no, asking again changes nothing. 3: something was away or too slow, asking again may work. */
  readonly exitCode: 1 | 3;
  readonly error: string;
  readonly code?: string;
  readonly status?: number;
};

/** Reads whatever a command threw. Answers nothing where help was asked for and given: that is no failure. */
export function failureOf(thrown: unknown): Failure | undefined {
  if (thrown instanceof CommanderError && thrown.exitCode === 0) return undefined;
  const error = (fileTrouble(thrown) ?? (thrown instanceof Error ? thrown.message : String(thrown)))
    .replace(/^error: /, '')
    .replace(/\s*\n\s*/g, ' ');
  if (thrown instanceof Problem)
    return { exitCode: thrown.retryable ? 3 : 1, error, code: thrown.code, status: thrown.status };
  return { exitCode: thrown instanceof Unreachable ? 3 : 1, error };
}

/** What is wrong with a file that a person named, in place of the system call that failed. */
function fileTrouble(thrown: unknown): string | undefined {
  const { code, path } = Object(thrown) as NodeJS.ErrnoException;
  if (code === undefined || path === undefined) return undefined;
  return {
    ENOENT: `There is no file or folder ${path}`,
    ENOTDIR: `${path} lies in no folder`,
    EISDIR: `${path} is a folder`,
    EEXIST: `${path} is there already`,
    EACCES: `You may not open ${path}`,
    EPERM: `You may not change ${path}`,
    EROFS: `${path} lies on a file system that is read only`,
    ENOSPC: `There is no space left for ${path}`,
  }[code];
}
