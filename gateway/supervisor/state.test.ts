import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { endLeftovers } from './leftovers.ts';
import { hasEnded, isOurs, readState, writeState } from './state.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'dcloud-state-'));
  await mkdir(join(directory, 'run'));
});
afterEach(() => rm(directory, { recursive: true }));

/** A process that stays until it is killed, with the given path on its command line. */
async function running(path: string) {
  const child = spawn(process.execPath, ['-e', 'console.log(1); setInterval(() => {}, 1000)', path]);
  await once(child.stdout, 'data');
  const ended = once(child, 'exit');
  return { pid: child.pid!, ended, [Symbol.dispose]: () => void child.kill('SIGKILL') };
}

describe('what the supervisor says of itself', () => {
  test('is read back while it lives', async () => {
    using supervisor = await running(directory);
    const state = { pid: supervisor.pid, phase: 'ready', step: 'everything serves', processes: [] } as const;
    await writeState(directory, state);
    expect(await readState(directory)).toEqual(state);
  });

  test('counts for nothing when it is dead, or when its pid belongs to a stranger by now', async () => {
    using stranger = await running('/somewhere/else');
    const state = { pid: stranger.pid, phase: 'ready', step: 'everything serves', processes: [] } as const;
    await writeState(directory, state);
    expect(await readState(directory)).toMatchObject({
      phase: 'failed',
      step: expect.stringContaining('the supervisor died'),
    });
    process.kill(stranger.pid, 'SIGKILL');
    await stranger.ended;
    expect(isOurs(stranger.pid, '/somewhere/else')).toBe(false);
    expect(hasEnded(stranger.pid)).toBe(true);
  });

  test('still tells why it failed when it has ended since', async () => {
    const supervisor = await running(directory);
    await writeState(directory, { pid: supervisor.pid, phase: 'failed', step: 'no free ports', processes: [] });
    process.kill(supervisor.pid, 'SIGKILL');
    await supervisor.ended;
    expect(await readState(directory)).toMatchObject({ phase: 'failed', step: 'no free ports' });
  });

  test('is not believed of a process of a directory whose name only begins the same', async () => {
    using stranger = await running('/somewhere/network-2/run/gateway.json');
    expect(isOurs(stranger.pid, '/somewhere/network-2')).toBe(true);
    expect(isOurs(stranger.pid, '/somewhere/network')).toBe(false);
    expect(isOurs(stranger.pid, 'where/network-2/run/gate')).toBe(false);
  });

  test('is nothing where there never was one, or where a power cut left an empty file', async () => {
    expect(await readState(directory)).toBeUndefined();
    await writeFile(join(directory, 'run', 'supervisor.json'), '');
    expect(await readState(directory)).toBeUndefined();
  });
});

describe('what a killed supervisor leaves behind', () => {
  test('is ended, holds with it, and strangers who have the pids by now stay', async () => {
    using ours = await running(join(directory, 'config.json'));
    using stranger = await running('/somewhere/else');
    const file = (name: string) => join(directory, 'run', name);
    await writeFile(file('ledger.pid'), `${ours.pid}\n`);
    await writeFile(file('gateway-alder.pid'), `${stranger.pid}\n`);
    await writeFile(file('broken.pid'), 'x');
    await writeFile(file('empty.pid'), '');
    await writeFile(file('storage-alder.hold'), '');
    expect(await endLeftovers(directory)).toEqual(['ledger']);
    await ours.ended;
    expect(hasEnded(ours.pid)).toBe(true);
    expect(isOurs(stranger.pid, '/somewhere/else')).toBe(true);
    for (const name of ['ledger.pid', 'gateway-alder.pid', 'broken.pid', 'empty.pid', 'storage-alder.hold'])
      expect([name, existsSync(file(name))]).toEqual([name, false]);
  });

  test('is nothing in a directory that was never used', async () => {
    await rm(join(directory, 'run'), { recursive: true });
    expect(await endLeftovers(directory)).toEqual([]);
  });
});
