import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { joinOrderer, joinPeer, leaveOrderer, listChannels, peerChannels } from '../../../admin/index.ts';
import { ChannelWorld } from '../testing/channel-world.ts';

const program = fileURLToPath(new URL('../main.js', import.meta.url));
let world: ChannelWorld;
let file: string;

beforeAll(async () => {
  world = await ChannelWorld.start();
  await world.end();
  file = join(world.directory, 'ledger.json');
  await writeFile(file, JSON.stringify(world.config));
});
afterAll(() => world[Symbol.asyncDispose]());

/** The ledger as a process of its own, in place of the world's. */
async function begin(): Promise<ChildProcess> {
  const child = spawn(process.execPath, [program, file], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface(child.stdout!), 'line')) as [string];
  world.at(JSON.parse(line));
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
  world.forget();
}

test('a ledger that is killed while others join and leave has done each of it or nothing, and goes on', async () => {
  const outcomes = new Set<string>();
  for (let round = 0; round < 6; round++) {
    const channel = `c${round}`;
    const genesis = await world.genesis(channel);
    const doomed = await begin();
    const acknowledged = new Set<string>();
    const told = (what: string) => () => void acknowledged.add(what);
    const joins = [
      joinOrderer(world.participation('A'), channel, genesis).then(told('orderer A')),
      joinOrderer(world.participation('B'), channel, genesis).then(told('orderer B')),
      joinPeer(world.peer('A'), genesis).then(told('peer A')),
    ];
    const all = Promise.allSettled(joins);
    // Killed at another moment in each round: before the first answer, after one, after two, after all and a leave.
    const answers = round % 4;
    for (let i = 0; i < answers; i++) await Promise.any(joins.slice(i));
    if (answers === 3) await leaveOrderer(world.participation('B'), channel).then(told('left'));
    await kill(doomed);
    await all;
    const again = await begin();
    const there = new Set<string>([
      ...((await listChannels(world.participation('A'))).includes(channel) ? ['orderer A'] : []),
      ...((await listChannels(world.participation('B'))).includes(channel) ? ['orderer B'] : []),
      ...((await peerChannels(world.peer('A'))).includes(channel) ? ['peer A'] : []),
    ]);
    if (acknowledged.has('left')) expect(there.has('orderer B')).toBe(false);
    else for (const each of acknowledged) expect(there.has(each)).toBe(true);
    outcomes.add([...there].sort().join());
    const kept = await readdir(join(world.config.dataDirectory, 'channels')).catch((): string[] => []);
    expect(kept.includes(channel)).toBe(there.size > 0);
    for (const name of ['A', 'B'] as const) await joinOrderer(world.participation(name), channel, genesis);
    await joinPeer(world.peer('A'), genesis);
    await world.grow(channel);
    expect(await world.height(channel)).toBe(2);
    again.kill('SIGTERM');
    await once(again, 'exit');
    world.forget();
  }
  expect(outcomes.size).toBeGreaterThan(1);
}, 90_000);
