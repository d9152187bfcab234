import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export type ProcessState = {
  readonly name: string;
  readonly state: string;
  readonly pid: number | undefined;
  readonly restarts: number;
};

/** What the supervisor says of itself in `run/supervisor.json`, for `dcloud up`, `status` and `down`. */
export type SupervisorState = {
  readonly pid: number;
  readonly phase: 'starting' | 'ready' | 'stopping' | 'stopped' | 'failed';
  /** What is being done now, or why it failed, as a sentence. */
  readonly step: string;
  readonly processes: readonly ProcessState[];
};

const file = (directory: string) => join(directory, 'run', 'supervisor.json');

export async function writeState(directory: string, state: SupervisorState): Promise<void> {
  const temporary = `${file(directory)}.${process.pid}`;
  await writeFile(temporary, JSON.stringify(state));
  await rename(temporary, file(directory));
}

/** What the newest supervisor said of itself, or nothing where there was none. */
export async function readState(directory: string): Promise<SupervisorState | undefined> {
  const text = await readFile(file(directory), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const state = parsed(text);
  if (state === undefined) return undefined;
  // One that failed or was stopped has said so before it ended; any other that is gone said nothing.
  const said = state.phase === 'failed' || state.phase === 'stopped' || isOurs(state.pid, directory);
  return said ? state : { ...state, phase: 'failed', step: 'the supervisor died; dcloud up brings everything back' };
}

/** It is written for those who look now and is not synced to disk: after a power cut it may be empty. */
function parsed(text: string): SupervisorState | undefined {
  try {
    return JSON.parse(text) as SupervisorState;
  } catch {
    return undefined;
  }
}

/**
 * Says whether the pid is alive and was started with this directory or a path under it; a pid that the system gave to a stranger since is
 * not ours, and neither is one of which nobody tells how it was started.
 */
export function isOurs(pid: number, directory: string): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return ` ${commandLine(pid)} `.replaceAll(`${directory}/`, `${directory} `).includes(`${directory} `);
}

/**
 * Says whether a process has ended to the last, so that its ports and locks are free. One that is dying has lost its command line
 * already and still holds them.
 */
export function hasEnded(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return true;
  }
  try {
    return / [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\)/s, ''));
  } catch {
    return false;
  }
}

/** The command line of a process, empty where there is none: from /proc on Linux, elsewhere from ps(1). */
function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    if (process.platform === 'linux') return '';
    return spawnSync('ps', ['-ww', '-p', String(pid), '-o', 'command='], { encoding: 'utf8' }).stdout ?? '';
  }
}

/** Says whether a process is on its way out: it has lost the command line by which it could be told from a stranger. */
export function isDying(pid: number): boolean {
  return commandLine(pid) === '' && !hasEnded(pid);
}
