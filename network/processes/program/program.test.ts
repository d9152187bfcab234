import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { takePorts } from './ports.ts';
import { type NativeProgram, startProgram } from './program.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'program-'));
});
afterEach(() => rm(directory, { recursive: true }));

const files = () => ({
  logFile: join(directory, 'logs', 'program.log'),
  pidFile: join(directory, 'run', 'program.pid'),
});

/** A program of a line or two that is ready when its file says so. */
function program(source: string, more: Partial<NativeProgram> = {}): NativeProgram {
  return {
    name: 'program',
    command: process.execPath,
    args: ['-e', source],
    argv0: join(directory, 'program'),
    env: {},
    ports: [],
    ready: async () => undefined,
    ...more,
  };
}

const stays = 'setInterval(() => {}, 1000)';
const never = { ready: () => new Promise<void>(() => {}) };

describe('a program of another project', () => {
  test('runs under the name of its directory, with its process id on record, until it is disposed of', async () => {
    const running = await startProgram(program(stays), files());
    expect(await readFile(files().pidFile, 'utf8')).toBe(`${running.pid}\n`);
    expect(await readFile(`/proc/${running.pid}/cmdline`, 'utf8')).toContain(directory);
    await running[Symbol.asyncDispose]();
    expect(await running.ended).toBe('program ended (SIGTERM)');
    await expect(stat(files().pidFile)).rejects.toThrow('ENOENT');
  });

  test('that ends before it serves is told with its last words', async () => {
    const source = `console.error('first'); console.error('panic: no such thing'); console.error('goroutine 1'); process.exit(2)`;
    await expect(startProgram(program(source, never), files())).rejects.toThrow(
      'program ended (status 2): panic: no such thing',
    );
  });

  test('is not started onto a port that another program has', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as { port: number };
    const marker = join(directory, 'started');
    const source = `require('node:fs').writeFileSync(${JSON.stringify(marker)}, '')`;
    await expect(startProgram(program(source, { ports: [port] }), files())).rejects.toThrow(
      `port ${port}, which program needs, is taken by another program`,
    );
    await expect(stat(marker)).rejects.toThrow('ENOENT');
    taken.close();
  });

  test('that cannot be executed is told in a sentence', async () => {
    await writeFile(join(directory, 'text'), 'not a program');
    await expect(startProgram(program('', { command: join(directory, 'text'), ...never }), files())).rejects.toThrow(
      'program cannot be started',
    );
  });
});

test('ports that are taken together are all different and free', async () => {
  const ports = await takePorts(20);
  expect(new Set(ports).size).toBe(20);
});

test('ports of no stated range are none of those that test files take for their networks', async () => {
  for (const port of await takePorts(200)) expect(port).toBeLessThan(24_000);
});
