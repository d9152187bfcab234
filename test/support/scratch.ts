import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export type Scratch = AsyncDisposable & { readonly directory: string };

/** An empty directory, and the promise that a network started in it ends with the test, also when the test is killed. */
export async function scratch(): Promise<Scratch> {
  const directory = await mkdtemp(join(tmpdir(), 'dcloud-test-'));
  const reaper = spawn(process.execPath, [fileURLToPath(new URL('./reaper.js', import.meta.url)), directory], {
    stdio: ['pipe', 'ignore', 'inherit'],
    detached: true,
  });
  const ended = once(reaper, 'exit');
  return {
    directory,
    async [Symbol.asyncDispose]() {
      reaper.stdin.end();
      await ended;
    },
  };
}
