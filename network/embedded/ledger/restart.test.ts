import { once } from 'node:events';
import { appendFile, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { startLedger } from './index.ts';
import { ProbeNetwork } from './testing/probe-network.ts';

let network: ProbeNetwork;
let blocks: string;
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
const probe = () => network.gateway('A').getNetwork(network.channel).getContract('probe');

beforeEach(async () => {
  network = await ProbeNetwork.start([{ name: 'probe' }]);
  blocks = join(network.config.dataDirectory, 'blocks');
  for (const value of ['1', '2', '3']) await probe().submitTransaction('put', 'k', value);
});
afterEach(() => network[Symbol.asyncDispose]());

/** Why the ledger does not start again after its block file was changed. */
const restartRefused = async (): Promise<string> =>
  network.restart().then(
    () => 'started',
    (cause: Error) => cause.message,
  );

describe('started again', () => {
  test('the ledger knows all that it acknowledged, history included', async () => {
    await network.restart();
    expect(network.ledger.height).toBe(4);
    expect(text(await probe().evaluateTransaction('get', 'k'))).toBe('3');
    expect(JSON.parse(text(await probe().evaluateTransaction('hist', 'k')))).toHaveLength(3);
    await probe().submitTransaction('put', 'k', '4');
    expect(network.ledger.height).toBe(5);
  });

  test('a half-written block is cut off and the chain goes on', async () => {
    const whole = await readFile(blocks);
    await appendFile(blocks, whole.subarray(0, 3000));
    await truncate(blocks, whole.length + 2900);
    // Whole blocks repeated behind the end do not follow it; half of the genesis block is a torn tail.
    await network.restart();
    expect(network.ledger.height).toBe(4);
    expect((await stat(blocks)).size).toBe(whole.length);
    await probe().submitTransaction('put', 'k', '4');
  });

  test('an altered block is refused by its number', async () => {
    const bytes = await readFile(blocks);
    const middle = bytes.lastIndexOf('put');
    bytes[middle] = 0x50;
    await writeFile(blocks, bytes);
    expect(await restartRefused()).toMatch(/^Block 3 of the ledger is altered: /);
    bytes[middle] = 0x70;
    bytes[bytes.indexOf('put')] = 0x50;
    await writeFile(blocks, bytes);
    expect(await restartRefused()).toMatch(/^Block 1 of the ledger is altered: /);
    bytes[bytes.indexOf('Put')] = 0x70;
    const length = bytes.readUInt32LE(0);
    bytes.writeUInt32LE(0x7fffffff, 0);
    await writeFile(blocks, bytes);
    expect(await restartRefused()).toMatch(/^Block 0 of the ledger is altered: /);
    bytes.writeUInt32LE(length, 0);
    await writeFile(blocks, bytes);
    await network.restart();
  });
});

describe('the ledger refuses to start', () => {
  test('on a directory that another holds', async () => {
    await expect(startLedger(network.config)).rejects.toThrow(`is in use by process ${process.pid}`);
  });

  test('on a taken port, and leaves nothing behind', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as { port: number };
    const organizations = network.config.organizations.map((each, i) =>
      i === 1 ? { ...each, address: `127.0.0.1:${port}` } : each,
    );
    await expect(network.restart({ organizations })).rejects.toThrow(`already listens on 127.0.0.1:${port}`);
    taken.close();
    await network.restart();
  });

  test('with configuration that does not fit', async () => {
    const other = { ...network.config, dataDirectory: join(network.config.dataDirectory, 'other') };
    await expect(startLedger({ ...other, channel: 'another' })).rejects.toThrow(
      'The genesis block is for channel probes',
    );
    await expect(startLedger({ ...other, genesisBlock: 'nowhere' })).rejects.toThrow('cannot read nowhere (ENOENT)');
    await expect(startLedger({ ...other, channel: 'No Channel' })).rejects.toThrow('wrong at "channel"');
  });
});
