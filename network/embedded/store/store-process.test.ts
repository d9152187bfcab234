import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { cidOf, OwnNode } from '../../store/index.ts';

const program = fileURLToPath(new URL('./main.js', import.meta.url));
const token = 'a-token-of-the-tests';
let directory: string;
let running: ChildProcess[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'd-cloud-store-process-'));
  running = [];
});

afterEach(async () => {
  for (const child of running) await killed(child);
  await rm(directory, { recursive: true });
});

test('one process serves the storage nodes of an organization, each from its own directory, and stops when asked', async () => {
  const { child, nodes } = await start(['s1', 's2', 's3']);
  const bytes = randomBytes(1000);
  await using first = nodes[0]!;
  await using second = nodes[1]!;
  await first.put(cidOf(bytes), bytes);
  expect(await second.stat(cidOf(bytes))).toBeUndefined();
  expect((await first.control.identity()).peerId).not.toBe((await second.control.identity()).peerId);
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
});

test('killed in the middle of puts, again and again, it holds every acknowledged block whole and no torn one', async () => {
  const acknowledged = new Map<string, Buffer>();
  for (let round = 0; round < 4; round++) {
    const { child, nodes } = await start(['s1']);
    await using node = nodes[0]!;
    const enough = Promise.withResolvers<void>();
    let stopped = false;
    const writers = Array.from({ length: 6 }, async () => {
      while (!stopped) {
        const bytes = randomBytes(100_000 + round);
        await node.put(cidOf(bytes), bytes).then(
          () => acknowledged.set(cidOf(bytes), bytes),
          () => {},
        );
        if (acknowledged.size >= (round + 1) * 25) enough.resolve();
      }
    });
    await enough.promise;
    // Six puts are under way at this moment.
    stopped = true;
    await killed(child);
    await Promise.all(writers);
  }
  const { nodes } = await start(['s1']);
  await using node = nodes[0]!;
  for (const [cid, bytes] of acknowledged) expect((await node.get(cid)).equals(bytes)).toBe(true);
  let held = 0;
  for await (const cid of node.control.list()) {
    await node.get(cid);
    held += 1;
  }
  expect(held).toBeGreaterThanOrEqual(acknowledged.size);
  expect(await readdir(join(directory, 's1', 'temporary'))).toEqual([]);
  expect(await node.control.usage()).toMatchObject({ blocks: held });
});

test('a block file cut short at the disk is told apart from a whole one, and from an absent one', async () => {
  const { nodes } = await start(['s1']);
  await using node = nodes[0]!;
  const bytes = randomBytes(5000);
  await node.put(cidOf(bytes), bytes);
  const blocks = join(directory, 's1', 'blocks');
  const file = (await readdir(blocks, { recursive: true })).find((name) => name.endsWith('.data'));
  for (const length of [4999, 1, 0]) {
    await truncate(join(blocks, file!), length);
    await expect(node.get(cidOf(bytes))).rejects.toMatchObject({ name: 'Fault', kind: 'corrupt' });
  }
});

test('a directory serves one process at a time, and the second says so in one sentence', async () => {
  await start(['s1']);
  const second = await launch(['s1']);
  expect(await sentence(second)).toMatch(/^\S+s1 is in use by another store process; stop it first$/);
  expect(await once(second, 'exit')).toEqual([1, null]);
});

test('a port that is taken, a file that is missing and a field that is wrong are said in one sentence each', async () => {
  const { nodes } = await start(['s1']);
  await using node = nodes[0]!;
  const port = Number(new URL(node.address).port);
  expect(await sentence(await launch(['s2'], { port }))).toBe(`storage node s2 cannot have port ${port}: it is taken`);
  expect(await sentence(await launch(['s3'], { port: 70_000 }))).toMatch(
    /nodes\[0\]\.port must be a port, or 0 for any$/,
  );
  expect(await sentence(await launch(['s3'], { token: 'short' }))).toMatch(
    /token must be 16 to 512 printable characters$/,
  );
  const missing = spawnProgram(process.execPath, [program, join(directory, 'missing.json')]);
  expect(await sentence(missing)).toMatch(/missing\.json cannot be read$/);
});

const withLimits = existsSync('/usr/bin/prlimit') ? test : test.skip;

withLimits(
  'a disk that takes no more is said to be full, leaves no torn file, and smaller blocks still go in',
  async () => {
    const path = await configured(['s1']);
    const { nodes } = await ready(spawnProgram('/usr/bin/prlimit', ['--fsize=65536', process.execPath, program, path]));
    await using node = nodes[0]!;
    const [large, small] = [randomBytes(65_537), randomBytes(65_536)];
    await expect(node.put(cidOf(large), large)).rejects.toMatchObject({ message: 'storage node s1 is full' });
    expect(await node.stat(cidOf(large))).toBeUndefined();
    expect(await readdir(join(directory, 's1', 'temporary'))).toEqual([]);
    await node.put(cidOf(small), small);
    expect(await node.control.usage()).toMatchObject({ blocks: 1, bytes: 65_536 });
  },
);

// strace may be there and not be allowed to trace.
const strace = '/usr/bin/strace';
const withTrace = spawnSync(strace, ['-o', '/dev/null', 'true']).status === 0 ? test : test.skip;

withTrace(
  'a disk that fails to sync ends the process with a non-zero status, and what was acknowledged before is there',
  async () => {
    // strace counts the calls of each thread by itself, so there is one.
    const inject = ['-e', 'trace=fdatasync', '-e', 'inject=fdatasync:error=EIO:when=3+', '-E', 'UV_THREADPOOL_SIZE=1'];
    const { child, nodes } = await ready(
      spawnProgram(strace, [
        '-f',
        '-qq',
        '-o',
        '/dev/null',
        ...inject,
        process.execPath,
        program,
        await configured(['s1']),
      ]),
    );
    await using node = nodes[0]!;
    const said = sentence(child);
    const exited = once(child, 'exit');
    const blocks = [randomBytes(100), randomBytes(200), randomBytes(300)] as const;
    await node.put(cidOf(blocks[0]), blocks[0]);
    await node.put(cidOf(blocks[1]), blocks[1]);
    await expect(node.put(cidOf(blocks[2]), blocks[2])).rejects.toMatchObject({ kind: 'unavailable' });
    expect(await said).toBe('the disk failed to sync; nothing written since is certain');
    expect(await exited).toEqual([1, null]);
    const { nodes: again } = await start(['s1']);
    await using after = again[0]!;
    expect(await Promise.all(blocks.map((bytes) => after.stat(cidOf(bytes))))).toEqual([100, 200, undefined]);
  },
);

test('the fault switch is there only when the configuration opens it', async () => {
  const turned = async (faults: boolean) => {
    const { nodes } = await ready(
      spawnProgram(process.execPath, [program, await configured([`s-${faults}`], { faults })]),
    );
    await using node = nodes[0]!;
    const init = { method: 'POST', headers: { Authorization: `Bearer ${token}` } };
    const { status } = await fetch(`${node.address}/api/v0/fault?mode=full`, init);
    const bytes = randomBytes(10);
    const put = await node.put(cidOf(bytes), bytes).then(
      () => 'stored',
      (error: Error) => error.message,
    );
    return [status, put];
  };
  expect(await turned(false)).toEqual([404, 'stored']);
  expect(await turned(true)).toEqual([200, 'storage node s-true is full']);
});

interface Changes {
  readonly faults?: boolean;
  readonly port?: number;
  readonly token?: string;
}

async function configured(ids: readonly string[], changes: Changes = {}): Promise<string> {
  const { port = 0, token: secret = token, faults = false } = changes;
  const path = join(directory, `${ids.join('-')}-${running.length}.json`);
  const nodes = ids.map((id) => ({ id, directory: join(directory, id), port, token: secret }));
  await writeFile(path, JSON.stringify({ nodes, capacityBytes: 2 ** 30, faults }), { mode: 0o600 });
  return path;
}

async function launch(ids: readonly string[], changes?: Changes): Promise<ChildProcess> {
  return spawnProgram(process.execPath, [program, await configured(ids, changes)]);
}

function spawnProgram(command: string, args: readonly string[]): ChildProcess {
  // Its own group, so that what runs under another program ends with it.
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  running.push(child);
  return child;
}

async function start(ids: readonly string[]): Promise<Ready> {
  return ready(await launch(ids));
}

interface Ready {
  readonly child: ChildProcess;
  readonly nodes: readonly OwnNode[];
}

async function ready(child: ChildProcess): Promise<Ready> {
  const [line] = (await once(createInterface({ input: child.stdout! }), 'line')) as [string];
  const said = JSON.parse(line) as { ready: boolean; nodes: { id: string; address: string }[] };
  expect(said.ready).toBe(true);
  return { child, nodes: said.nodes.map(({ id, address }) => new OwnNode({ id, address, token })) };
}

async function sentence(child: ChildProcess): Promise<string> {
  const [line] = (await once(createInterface({ input: child.stderr! }), 'line')) as [string];
  return line;
}

async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  try {
    process.kill(-child.pid!, 'SIGKILL');
  } catch (error) {
    // It ended on its own between the look and the signal.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
  await gone;
}
