import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { repository } from './samples.ts';

const program = join(repository, 'gateway', 'dist', 'cli', 'main.js');

/** What a person sees of one command: its exit code, both streams, and the JSON object of the last line where `--json` was given. */
export type Shown = { readonly code: number; readonly out: string; readonly err: string; readonly json: Json };

// biome-ignore lint/suspicious/noExplicitAny: what a command prints is looked at as a person would, member by member
export type Json = any;

/** Types a `dcloud` command. */
export async function dcloud(...words: readonly string[]): Promise<Shown> {
  const { ended } = begin(words);
  return ended;
}

/** Types a command and leaves it running. */
export function begin(
  words: readonly string[],
  environment: { readonly PATH?: string } = {},
): { readonly child: ChildProcess; readonly ended: Promise<Shown> } {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program, ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', ...environment },
  });
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (piece: string) => (out += piece));
  child.stderr.setEncoding('utf8').on('data', (piece: string) => (err += piece));
  const ended = new Promise<Shown>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      const last = out.trimEnd().split('\n').at(-1) ?? '';
      resolve({ code: code ?? -1, out, err, json: last.startsWith('{') ? JSON.parse(last) : undefined });
    });
  });
  return { child, ended };
}
