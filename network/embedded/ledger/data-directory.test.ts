import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { holdDirectory } from './data-directory.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'ledger-directory-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const fieldsOf = (pid: number) =>
  readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
const markOf = (pid: number) =>
  writeFileSync(join(directory, 'ledger.pid'), `${pid} ${process.platform === 'linux' ? fieldsOf(pid)[19] : ''}\n`);

describe("a ledger's directory", () => {
  test('is held by one at a time, and let go', () => {
    const held = holdDirectory(directory);
    expect(() => holdDirectory(directory)).toThrow(`in use by process ${process.pid}`);
    held[Symbol.dispose]();
    holdDirectory(directory)[Symbol.dispose]();
  });

  test('is not taken from a process that lives', async () => {
    const other = spawn('sleep', ['1000']);
    await once(other, 'spawn');
    try {
      markOf(other.pid!);
      expect(() => holdDirectory(directory)).toThrow(`in use by process ${other.pid}`);
    } finally {
      other.kill('SIGKILL');
    }
  });

  const linux = process.platform === 'linux' ? test : test.skip;
  linux('is free when its process has ended, also while nobody has taken note of that', async () => {
    // The shell's child ends, and what the shell becomes never asks for it.
    const parent = spawn('sh', ['-c', 'sleep 0.05 & echo $!; exec sleep 1000'], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    try {
      const [line] = await once(parent.stdout, 'data');
      const pid = Number(String(line).trim());
      const until = performance.now() + 10_000;
      while (fieldsOf(pid)[0] !== 'Z' && performance.now() < until)
        await new Promise((resolve) => setImmediate(resolve));
      markOf(pid);
      expect(() => process.kill(pid, 0)).not.toThrow();
      holdDirectory(directory)[Symbol.dispose]();
    } finally {
      parent.kill('SIGKILL');
    }
  });
});
