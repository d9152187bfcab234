import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Child, holdFile } from './child.ts';

let directory: string;
let child: Child | undefined;
/** Called with every state that the child takes. */
let watchers: ((state: Child['state']) => void)[];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'dcloud-child-'));
  watchers = [];
});
afterEach(async () => {
  await child?.stop();
  await rm(directory, { recursive: true });
});

/** A program of a few lines, supervised. */
async function supervised(source: string, readyWithinMs = 20_000): Promise<Child> {
  const program = join(directory, 'program.mjs');
  await writeFile(program, source);
  child = new Child(
    { name: 'program', program, config: 'its-config', readyWithinMs },
    {
      runDirectory: directory,
      logDirectory: directory,
      onChange: () => {
        for (const watch of watchers) watch(child?.state ?? 'stopped');
      },
    },
  );
  return child;
}

const becomes = (wanted: Child['state']) =>
  new Promise<void>((resolve) => watchers.push((state) => state === wanted && resolve()));
const log = () => readFile(join(directory, 'program.log'), 'utf8');

const serves = `process.stdout.write('{"ready":true,"argument":"' + process.argv[2] + '"}\\n'); setInterval(() => {}, 1000);`;

describe('a supervised program', () => {
  test('is given its configuration and nothing of our environment, and tells when it serves', async () => {
    process.env.DCLOUD_TEST_SECRET = 'visible';
    const served = await supervised(`console.error(Object.keys(process.env).sort().join()); ${serves}`);
    try {
      expect(await served.start()).toEqual({ ready: true, argument: 'its-config' });
    } finally {
      delete process.env.DCLOUD_TEST_SECRET;
    }
    expect(served.state).toBe('ready');
    expect(await readFile(join(directory, 'program.pid'), 'utf8')).toBe(`${served.pid}\n`);
    expect(await log()).not.toContain('DCLOUD_TEST_SECRET');
  });

  test('is not told ready by what libraries print before', async () => {
    const served = await supervised(`console.log('hello'); console.log('{"ready":false}'); ${serves}`);
    expect(await served.start()).toMatchObject({ ready: true });
  });

  test('that dies is started again', async () => {
    const served = await supervised(serves);
    await served.start();
    const first = served.pid;
    const waiting = becomes('waiting');
    const again = becomes('ready');
    process.kill(first!, 'SIGKILL');
    await waiting;
    await again;
    expect(served.restarts).toBe(1);
    expect(served.pid).not.toBe(first);
  });

  test('stays down while it is held, and comes back when it is released', async () => {
    const served = await supervised(serves);
    await served.start();
    await writeFile(holdFile(directory, 'program'), '');
    const held = becomes('held');
    const again = becomes('ready');
    process.kill(served.pid!, 'SIGKILL');
    await held;
    expect(existsSync(join(directory, 'program.pid'))).toBe(false);
    expect(served.restarts).toBe(0);
    await rm(holdFile(directory, 'program'));
    await again;
    expect(served.restarts).toBe(1);
  });

  test('that ends before it serves is named, with where its log is', async () => {
    const served = await supervised(`console.error('the disk is full'); process.exit(7);`);
    await expect(served.start()).rejects.toThrow(/program did not start: it ended \(exit 7\).*logs\/program\.log/);
    expect(await log()).toContain('the disk is full');
  });

  test('that stays silent for too long is ended and named', async () => {
    const served = await supervised('setInterval(() => {}, 1000);', 300);
    await expect(served.start()).rejects.toThrow(/not ready within 0\.3 s/);
    await served.stop();
    expect(served.state).toBe('stopped');
  });

  test('whose ready line cannot be read is no ready program', async () => {
    const served = await supervised(`console.log('{"ready":true,'); setInterval(() => {}, 1000);`, 2_000);
    await expect(served.start()).rejects.toThrow(/did not start/);
  });

  test('that cannot be executed is named, and looked for again', async () => {
    child = new Child(
      {
        name: 'program',
        readyWithinMs: 20_000,
        native: {
          name: 'program',
          ports: [],
          command: join(directory, 'absent'),
          args: [],
          argv0: 'absent',
          env: {},
          ready: () => new Promise(() => {}),
        },
      },
      { runDirectory: directory, logDirectory: directory, onChange: () => undefined },
    );
    await expect(child.start()).rejects.toThrow(/program did not start: .*ENOENT/);
    expect(child.state).toBe('waiting');
  });

  test('stopped, is gone and not started again', async () => {
    const served = await supervised(serves);
    await served.start();
    const { pid } = served;
    await served.stop();
    expect(() => process.kill(pid!, 0)).toThrow();
    expect(served.state).toBe('stopped');
    expect(served.restarts).toBe(0);
  });
});
