import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, sep } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { type Confinement, type Confiner, findConfiner } from './confinement.ts';
import { encodeFrame, type Frame, FrameAssembler } from './frame.ts';

/** What one sandboxed child may use. */
export interface SandboxLimits {
  /** Private writable memory of the whole process, native libraries included (RLIMIT_DATA). */
  readonly memoryBytes: number;
  /** V8's old generation. */
  readonly heapBytes: number;
}

/** The child is gone: killed by us or by a limit, or it crashed. `tail` is the end of what it printed. */
export class SandboxDeath extends Error {
  override readonly name = 'SandboxDeath';
  readonly tail: string;

  constructor(how: string, tail: string) {
    super(`the sandboxed child ${how}`);
    this.tail = tail;
  }
}

const tailBytes = 4096;
let known: Confiner | undefined;

/** What this machine can take away from sandboxed children; tried once per process. */
export function sandboxConfinement(): Confinement {
  return confiner().confinement;
}

/**
 * A killable child process for bytes that strangers made: empty environment, fresh empty directory, no descriptors but its four pipes, bounded memory, no files written, no network and no
 * rights where the platform can take them (`sandboxConfinement`), and Node's own permission model on top (it may read the installed packages and nothing else, and start nothing).
 */
export class Sandbox {
  readonly #child: ChildProcess;
  readonly #directory: string;
  readonly #frames = new FrameAssembler<unknown>();
  readonly #waiting: Frame<unknown>[] = [];
  readonly #exited: Promise<string>;
  #wake: (() => void) | undefined;
  #how: string | undefined;
  #tail = '';

  /** Starts `entry`, the URL of a compiled module of ours that talks frames (`child-pipe`). */
  constructor(entry: URL, limits: SandboxLimits) {
    this.#directory = mkdtempSync(join(tmpdir(), 'd-cloud-sandbox-'));
    const [program, ...args] = commandLine(fileURLToPath(entry), limits) as [string, ...string[]];
    this.#child = spawn(program, args, { env: {}, cwd: this.#directory, stdio: ['pipe', 'pipe', 'pipe', 'pipe'] });
    for (const stream of [this.#child.stdout, this.#child.stderr]) stream?.on('data', (piece) => this.#keepTail(piece));
    const answers = this.#child.stdio[3] as Readable;
    answers.on('data', (piece: Uint8Array) => this.#take(piece));
    answers.on('error', () => undefined);
    this.#child.stdin?.on('error', () => undefined);
    this.#exited = new Promise((resolve) => {
      const end = (how: string) => {
        this.#how ??= how;
        rmSync(this.#directory, { recursive: true, force: true });
        this.#wake?.();
        resolve(how);
      };
      this.#child.once('error', (cause) => end(`did not start (${cause.message})`));
      this.#child.once('close', (code, signal) => end(signal ? `was ended by ${signal}` : `exited with ${code}`));
    });
  }

  get alive(): boolean {
    return this.#how === undefined;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Writes one frame to the child, as fast as the child reads. */
  async send(header: unknown, body: readonly Uint8Array[] = []): Promise<void> {
    const input = this.#child.stdin as Writable;
    let ready = true;
    input.cork();
    for (const piece of encodeFrame(header, body)) ready = input.write(piece);
    input.uncork();
    if (!ready && this.alive) await Promise.race([once(input, 'drain').catch(() => undefined), this.#exited]);
  }

  /** The next frame of the child. Throws `SandboxDeath` when the child is gone or the deadline passes, which kills it. */
  async receive<Header>(deadlineMs: number, signal?: AbortSignal): Promise<Frame<Header>> {
    const timer = setTimeout(() => this.#kill(`was killed: no answer in ${deadlineMs} ms`), deadlineMs);
    const abort = () => this.#kill('was killed: the caller gave up');
    signal?.addEventListener('abort', abort, { once: true });
    try {
      if (signal?.aborted) abort();
      while (this.#waiting.length === 0 && this.alive) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
      const frame = this.#waiting.shift();
      if (frame === undefined) {
        await this.#exited;
        signal?.throwIfAborted();
        throw new SandboxDeath(this.#how ?? 'is gone', this.#tail);
      }
      return frame as Frame<Header>;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin?.destroy();
    this.#kill('was closed');
    await this.#exited;
  }

  #kill(how: string): void {
    this.#how ??= how;
    this.#child.kill('SIGKILL');
    this.#wake?.();
  }

  #take(piece: Uint8Array): void {
    try {
      this.#waiting.push(...this.#frames.push(piece));
    } catch {
      this.#kill('was killed: it wrote something that is no frame');
    }
    this.#wake?.();
  }

  #keepTail(piece: Buffer): void {
    this.#tail = (this.#tail + piece.toString('latin1')).slice(-tailBytes);
  }
}

function confiner(): Confiner {
  known ??= findConfiner(realpathSync(process.execPath), realpathSync(fileURLToPath(import.meta.url)));
  return known;
}

function commandLine(entry: string, limits: SandboxLimits): string[] {
  const { prefix, confinement } = confiner();
  const node = [
    realpathSync(process.execPath),
    `--max-old-space-size=${Math.ceil(limits.heapBytes / 2 ** 20)}`,
    '--disable-warning=SecurityWarning',
    '--permission',
    '--allow-addons',
    ...readableRoots(realpathSync(entry)).map((root) => `--allow-fs-read=${root}`),
    realpathSync(entry),
  ];
  if (confinement.memory !== 'limits') return [...prefix, ...node];
  const dataKiB = Math.ceil(limits.memoryBytes / 1024);
  // Files of length zero at most (pipes are no files), no core dumps: nothing that was in memory may end on a disk.
  const shell = `ulimit -c 0; ulimit -f 0; ulimit -n 64; ulimit -d ${dataKiB}; exec "$@"`;
  return [...prefix, '/bin/sh', '-c', shell, 'sandbox', ...node];
}

/** The folders that the child's modules come from: our own package and every `node_modules` on the way up. */
function readableRoots(entry: string): string[] {
  const roots = new Set<string>();
  let ours = false;
  for (let at = dirname(entry); at !== dirname(at); at = dirname(at)) {
    const modules = join(at, 'node_modules');
    if (existsSync(modules)) roots.add(realpathSync(modules));
    if (!ours && existsSync(join(at, 'package.json'))) {
      roots.add(realpathSync(at));
      ours = true;
    }
  }
  return [...roots].map((root) => root + sep);
}
