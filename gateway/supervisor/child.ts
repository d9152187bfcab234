import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, createWriteStream, existsSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import type { NativeProgram } from '@d-cloud/network/processes/program';

/** One program of the network: ours, with its compiled entry point and the one configuration file it is given, or another project's. */
export type ProgramSpec = {
  readonly name: string;
  /** Longest time until it serves, in milliseconds. */
  readonly readyWithinMs: number;
  /** How far it steps back where the cores of one machine are few; whoever answers people is served first. */
  readonly niceness?: number;
} & ({ readonly program: string; readonly config: string } | { readonly native: NativeProgram });

export type ReadyLine = { readonly ready: true } & Record<string, unknown>;

type Options = {
  readonly runDirectory: string;
  readonly logDirectory: string;
  readonly onChange: () => void;
};

/** While this file is there, the process is not started again. */
export const holdFile = (runDirectory: string, name: string) => join(runDirectory, `${name}.hold`);

const heldLookMs = 200;
const firstPauseMs = 250;
const longestPauseMs = 30_000;
const healthyAfterMs = 60_000;
const killAfterMs = 10_000;

/**
 * One supervised process: started again with a growing pause when it dies, its standard error in a log file, its pid in a pid file.
 * Its first line of standard output says that it serves.
 */
export class Child {
  readonly spec: ProgramSpec;
  restarts = 0;
  state: 'starting' | 'ready' | 'waiting' | 'held' | 'stopped' = 'stopped';
  #options: Options;
  #process: ChildProcess | undefined;
  #pauseMs = firstPauseMs;
  #timer: NodeJS.Timeout | undefined;
  #wanted = false;

  constructor(spec: ProgramSpec, options: Options) {
    this.spec = spec;
    this.#options = options;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Starts it and waits for its ready line; rejects with the end of its log when it dies or stays silent. */
  async start(): Promise<ReadyLine> {
    this.#wanted = true;
    return this.#launch();
  }

  async stop(): Promise<void> {
    this.#wanted = false;
    clearTimeout(this.#timer);
    const running = this.#process;
    if (running && running.exitCode === null && running.signalCode === null) {
      const gone = new Promise((resolve) => running.once('exit', resolve));
      running.kill('SIGTERM');
      const reaper = setTimeout(() => running.kill('SIGKILL'), killAfterMs);
      await gone;
      clearTimeout(reaper);
    }
    this.#become('stopped');
  }

  async #launch(): Promise<ReadyLine> {
    const { name, readyWithinMs } = this.spec;
    this.#become('starting');
    const logFile = join(this.#options.logDirectory, `${name}.log`);
    const log = openSync(logFile, 'a');
    const child = execute(this.spec, log);
    closeSync(log);
    this.#process = child;
    // Whoever waits for its end does so from here on: it may end at any moment.
    const serving =
      'native' in this.spec ? served(child, this.spec.native, readyWithinMs) : firstLine(child, readyWithinMs);
    const startedAt = performance.now();
    const pidFile = join(this.#options.runDirectory, `${name}.pid`);
    const ended = () => {
      rmSync(pidFile, { force: true });
      if (!this.#wanted) return;
      if (performance.now() - startedAt > healthyAfterMs) this.#pauseMs = firstPauseMs;
      this.#again();
    };
    child.once('exit', ended);
    // A program that could not be executed has no end.
    child.once('error', () => child.pid === undefined && ended());
    // Libraries that log to standard output must not be lost: what is not the ready line goes to the log too.
    child.stdout?.pipe(createWriteStream(logFile, { flags: 'a' }));
    if (child.pid) writeFileSync(pidFile, `${child.pid}\n`);

    const ready = await serving.catch((cause: unknown) => {
      child.kill('SIGKILL');
      throw new Error(
        `${name} did not start: ${cause instanceof Error ? cause.message : cause}. Its log: logs/${name}.log`,
        { cause },
      );
    });
    this.#become('ready');
    return ready;
  }

  /** Starts it again after the pause, and not while a person holds it down (`dcloud hold`). */
  #again(): void {
    const held = existsSync(holdFile(this.#options.runDirectory, this.spec.name));
    this.#become(held ? 'held' : 'waiting');
    const pauseMs = held ? heldLookMs : this.#pauseMs;
    if (!held) this.#pauseMs = Math.min(this.#pauseMs * 2, longestPauseMs);
    this.#timer = setTimeout(() => {
      if (existsSync(holdFile(this.#options.runDirectory, this.spec.name))) return this.#again();
      this.restarts++;
      this.#launch().catch(() => undefined);
    }, pauseMs);
  }

  #become(state: Child['state']): void {
    this.state = state;
    this.#options.onChange();
  }
}

/**
 * How V8 collects garbage where many programs share a few cores and bytes stream through each of them. Buffers count as garbage beside a small
 * heap: by its own reckoning V8 looked through all of it after every few MiB that passed, up to eight times a second; twice the heap in between
 * makes that once for tens of MiB. A young generation of 2 MiB is collected after few objects, and takes the buffers that these hold with it.
 * And a collection that shares its work among threads waits for each of them to be given a core, with the event loop standing still
 * meanwhile: it does its work alone. (docs/benchmarks.md, `upload`)
 */
const runtimeFlags = [
  '--disable-warning=ExperimentalWarning',
  '--heap-growing-percent=100',
  '--max-semi-space-size=2',
  '--single-threaded-gc',
];

/** glibc keeps freed buffers per thread: two such stores, rather than eight for each core, keep a gateway's memory within its bound. */
const allocator = { MALLOC_ARENA_MAX: '2' };

function execute(spec: ProgramSpec, log: number): ChildProcess {
  if ('native' in spec) {
    const { command, args, argv0, env } = spec.native;
    return spawn(command, [...args], { argv0, env, stdio: ['ignore', log, log] });
  }
  const child = spawn(process.execPath, [...runtimeFlags, spec.program, spec.config], {
    stdio: ['ignore', 'pipe', log],
    env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', NODE_ENV: 'production', ...allocator },
  });
  // Threads that it starts from now on inherit this.
  if (spec.niceness !== undefined && child.pid !== undefined) setPriority(child.pid, spec.niceness);
  return child;
}

/** A program of another project prints no ready line: it is asked. */
async function served(child: ChildProcess, program: NativeProgram, withinMs: number): Promise<ReadyLine> {
  const { promise: ended, reject } = Promise.withResolvers<never>();
  child.once('error', reject);
  child.once('exit', (code, signal) => reject(new Error(`it ended (${signal ?? `exit ${code}`})`)));
  const asking = new AbortController();
  const signal = AbortSignal.any([asking.signal, AbortSignal.timeout(withinMs)]);
  try {
    await Promise.race([program.ready(signal), ended]);
    return { ready: true };
  } finally {
    asking.abort();
  }
}

const longestLine = 64 * 1024;

function firstLine(child: ChildProcess, withinMs: number): Promise<ReadyLine> {
  return new Promise((resolve, reject) => {
    let text = '';
    const fail = (error: Error) => {
      clearTimeout(timer);
      reject(error);
    };
    const timer = setTimeout(() => fail(new Error(`not ready within ${withinMs / 1000} s`)), withinMs);
    child.once('error', fail);
    child.once('exit', (code, signal) => fail(new Error(`it ended (${signal ?? `exit ${code}`})`)));
    child.stdout?.setEncoding('utf8').on('data', (piece: string) => {
      if (text.length > longestLine) return;
      text += piece;
      const ready = text.split('\n').slice(0, -1).map(readyLine).find(Boolean);
      if (ready === undefined) return;
      clearTimeout(timer);
      text = 'x'.repeat(longestLine + 1);
      resolve(ready);
    });
  });
}

function readyLine(line: string): ReadyLine | undefined {
  if (!line.startsWith('{"ready":true')) return undefined;
  try {
    return JSON.parse(line) as ReadyLine;
  } catch {
    return undefined;
  }
}
