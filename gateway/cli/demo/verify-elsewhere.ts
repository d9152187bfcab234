import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';

/** Checks an evidence file in a process of its own, with an empty environment and another working directory. */
export function verifyElsewhere(file: string, genesis: string): Promise<{ verified: boolean; text: string }> {
  const cli = fileURLToPath(new URL('../main.js', import.meta.url));
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', cli, 'evidence', 'verify', file, '--genesis', genesis],
    {
      cwd: tmpdir(),
      env: {},
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (piece: string) => (text += piece));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ verified: code === 0, text: text.trimEnd() }));
  });
}
