import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Contract } from '@hyperledger/fabric-gateway';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ProbeNetwork } from './testing/probe-network.ts';

const program = fileURLToPath(new URL('./main.js', import.meta.url));
let network: ProbeNetwork;
let path: string;

beforeAll(async () => {
  network = await ProbeNetwork.start([{ name: 'probe' }]);
  await network.ledger[Symbol.asyncDispose]();
  path = join(network.config.dataDirectory, '..', 'ledger.json');
  await writeFile(path, JSON.stringify(network.config));
});
const begun: ChildProcess[] = [];
afterAll(async () => {
  for (const child of begun) child.kill('SIGKILL');
  await network[Symbol.asyncDispose]();
});

interface Ready {
  readonly ready: boolean;
  readonly addresses: Record<string, string>;
  readonly height: number;
}

async function run(under: readonly string[] = []): Promise<{ process: ChildProcess; ready: Ready }> {
  const [command = '', ...words] = [...under, process.execPath, program, path];
  const stderr = under.length > 0 ? 'pipe' : 'inherit';
  const child = spawn(command, words, { stdio: ['ignore', 'pipe', stderr] });
  begun.push(child);
  const [line] = (await once(createInterface(child.stdout!), 'line')) as [string];
  return { process: child, ready: JSON.parse(line) as Ready };
}

describe('the ledger as a program', () => {
  test('says when it serves, stops when asked to, and says in one sentence why it cannot start', async () => {
    const first = await run();
    expect(first.ready).toMatchObject({ ready: true, height: 1 });
    expect(Object.keys(first.ready.addresses)).toEqual(['A', 'B', 'C']);
    const second = spawn(process.execPath, [program, path], { stdio: ['ignore', 'ignore', 'pipe'] });
    const said = (async () => Buffer.concat(await Array.fromAsync(second.stderr!)).toString())();
    const [code] = (await once(second, 'exit')) as [number];
    expect([code, await said]).toEqual([
      1,
      expect.stringMatching(/^The ledger's directory .* is in use by process \d+\. .*\n$/),
    ]);
    first.process.kill('SIGTERM');
    expect(await once(first.process, 'exit')).toEqual([0, null]);
  });

  test('killed under load, has kept every transaction that it acknowledged', async () => {
    const acknowledged: string[] = [];
    for (let round = 0; round < 3; round++) {
      const { process: ledger, ready } = await run();
      const probe = network.gatewayAt('A', ready.addresses.A!).getNetwork(network.channel).getContract('probe');
      const enough = acknowledged.length + 100;
      const submitters = Array.from({ length: 16 }, (_, i) =>
        submitUntilDead(probe, `${round}-${i}`, acknowledged, () => {
          if (acknowledged.length >= enough) ledger.kill('SIGKILL');
        }),
      );
      await Promise.all([once(ledger, 'exit'), ...submitters]);
    }
    const { process: ledger, ready } = await run();
    const qscc = network.gatewayAt('B', ready.addresses.B!).getNetwork(network.channel).getContract('qscc');
    for (const txId of acknowledged) {
      expect((await qscc.evaluateTransaction('GetTransactionByID', network.channel, txId)).length).toBeGreaterThan(0);
    }
    expect(acknowledged.length).toBeGreaterThanOrEqual(300);
    ledger.kill('SIGTERM');
    await once(ledger, 'exit');
  });
});

// strace may be there and not be allowed to trace, and counts the calls of each thread by itself, so there is one.
const strace = [
  '/usr/bin/strace',
  '-f',
  '-qq',
  '-o',
  '/dev/null',
  '-E',
  'UV_THREADPOOL_SIZE=1',
  '-e',
  'trace=fdatasync',
];
const mayTrace = spawnSync(strace[0]!, ['-o', '/dev/null', 'true']).status === 0;
const mayLimit = existsSync('/usr/bin/prlimit');

describe('a ledger whose disk', () => {
  const failing = [...strace, '-e', 'inject=fdatasync:error=EIO:when=9'];
  const full = async () => ['/usr/bin/prlimit', `--fsize=${(await largestFile()) + 50_000}`];

  (mayTrace ? test : test.skip)(
    'fails one sync and says yes to the next ends, having kept every transaction that it acknowledged',
    () => endsWith('EIO', failing),
  );

  (mayLimit ? test : test.skip)(
    'takes no more bytes ends, having kept every transaction that it acknowledged',
    async () => endsWith('EFBIG', await full()),
  );

  async function largestFile(): Promise<number> {
    const { dataDirectory } = network.config;
    const names = await readdir(dataDirectory, { recursive: true });
    return Math.max(...(await Promise.all(names.map(async (name) => (await stat(join(dataDirectory, name))).size))));
  }

  async function endsWith(told: string, under: readonly string[]): Promise<void> {
    const { process: ledger, ready } = await run(under);
    const said = (async () => Buffer.concat(await Array.fromAsync(ledger.stderr!)).toString())();
    const ended = once(ledger, 'exit');
    const acknowledged: string[] = [];
    const probe = network.gatewayAt('A', ready.addresses.A!).getNetwork(network.channel).getContract('probe');
    await submitUntilDead(probe, told, acknowledged, () => undefined);
    const [code] = (await ended) as [number];
    expect([code, await said]).toEqual([1, expect.stringContaining(told)]);
    expect(acknowledged.length).toBeGreaterThan(0);
    const { process: again, ready: anew } = await run();
    const qscc = network.gatewayAt('B', anew.addresses.B!).getNetwork(network.channel).getContract('qscc');
    for (const txId of acknowledged)
      expect((await qscc.evaluateTransaction('GetTransactionByID', network.channel, txId)).length).toBeGreaterThan(0);
    again.kill('SIGTERM');
    await once(again, 'exit');
  }
});

async function submitUntilDead(probe: Contract, name: string, acknowledged: string[], told: () => void): Promise<void> {
  for (let i = 0; ; i++) {
    try {
      const endorsed = await probe.newProposal('put', { arguments: [`${name}-${i}`, 'x'.repeat(300)] }).endorse();
      const { successful, transactionId } = await (await endorsed.submit()).getStatus();
      if (successful) acknowledged.push(transactionId);
      told();
    } catch {
      return;
    }
  }
}
