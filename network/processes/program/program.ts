import { type ChildProcess, spawn } from 'node:child_process';
import { open, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeDirectory } from '../../admin/private-files.ts';
import { Fault } from '../../ledger/fault.ts';
import { isFree } from './ports.ts';

/** A program of another project as it is to run here: what to execute, and how to tell that it serves. */
export interface NativeProgram {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** What the process is called in lists of processes; carries its directory, by which leftovers are recognised. */
  readonly argv0: string;
  readonly env: Readonly<Record<string, string>>;
  /** Ports it will listen on. */
  readonly ports: readonly number[];
  /** The own address it will listen at, loopback when not given. */
  readonly listen?: string;
  /** Resolves when it serves, and only if it is this program that does: a stranger on its port cannot make it. */
  ready(signal: AbortSignal): Promise<void>;
}

export interface StartOptions {
  /** Standard output and error are appended to it. */
  readonly logFile: string;
  /** Holds the process id while it runs, for whoever cleans up after us. */
  readonly pidFile: string;
  /** Default 60 s. */
  readonly readyWithinMs?: number;
}

/** A program that serves. `ended` resolves with a sentence when its process is gone; disposing stops it and waits for that. */
export interface RunningProgram extends AsyncDisposable {
  readonly name: string;
  readonly pid: number;
  readonly ended: Promise<string>;
  /** Ends it as `kill -9` does. */
  kill(): Promise<void>;
}

const stopsWithinMs = 15_000;

/**
 * Starts a program and waits until it serves.
 * @throws Fault misconfigured when one of its ports is taken; unavailable with its last words when it ends first
 */
export async function startProgram(program: NativeProgram, options: StartOptions): Promise<RunningProgram> {
  const { name, command, args, argv0, env, ports, listen } = program;
  for (const port of ports) {
    if (await isFree(port, listen)) continue;
    throw new Fault('misconfigured', `port ${port}, which ${name} needs, is taken by another program: stop that one`);
  }
  await makeDirectory(dirname(options.logFile));
  await makeDirectory(dirname(options.pidFile));
  const log = await open(options.logFile, 'a', 0o600);
  const child = spawn(command, [...args], { argv0, env, stdio: ['ignore', log.fd, log.fd] });
  // Listens at once: that it cannot be executed is told before anything else is awaited.
  const ended = endOf(child, name, options.logFile);
  await log.close();
  await using starting = new AsyncDisposableStack();
  starting.defer(async () => {
    await end(child, 'SIGTERM');
    await rm(options.pidFile, { force: true });
  });
  if (child.pid !== undefined) await writeFile(options.pidFile, `${child.pid}\n`);
  const failed = ended.then((words) => {
    throw new Fault('unavailable', words);
  });
  failed.catch(() => {});
  await Promise.race([program.ready(AbortSignal.timeout(options.readyWithinMs ?? 60_000)), failed]);
  const running = starting.move();
  return {
    name,
    pid: child.pid ?? 0,
    ended,
    kill: () => end(child, 'SIGKILL'),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

function endOf(child: ChildProcess, name: string, logFile: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  child.once('error', (cause) => resolve(`${name} cannot be started: ${cause.message}`));
  child.once('exit', async (code, signal) => {
    const last = await lastWords(logFile);
    resolve(`${name} ended (${signal ?? `status ${code}`})${last === '' ? '' : `: ${last}`}`);
  });
  return promise;
}

/** The last line that says something bad, or else the last line. */
async function lastWords(logFile: string): Promise<string> {
  const text = await readFile(logFile, 'utf8').catch(() => '');
  const lines = text
    .slice(-16_384)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: Fabric colours its log
    .replace(/\x1b\[[0-9;]*m/g, '')
    .trimEnd()
    .split('\n');
  return (lines.findLast((line) => /PANI|FATA|^Error:|^panic:/.test(line)) ?? lines.at(-1) ?? '').slice(0, 600);
}

async function end(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  child.once('exit', () => resolve());
  child.kill(signal);
  const impatient = setTimeout(() => child.kill('SIGKILL'), stopsWithinMs);
  await promise;
  clearTimeout(impatient);
}
