import { createHash } from 'node:crypto';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  broadcast,
  channelInfo,
  fetchBlock,
  joinOrderer,
  joinPeer,
  leaveOrderer,
  listChannels,
  peerChannels,
} from '../../../admin/index.ts';
import { ChannelWorld } from '../testing/channel-world.ts';
import { Block } from '../wire/envelope.ts';

const members = ['A', 'B', 'C'] as const;
let world: ChannelWorld;

beforeEach(async () => {
  world = await ChannelWorld.start();
});
afterEach(() => world[Symbol.asyncDispose]());

const refusal = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'not refused',
    (cause: Error) => cause.message,
  );

describe('channels that are made while the ledger runs', () => {
  test('begin with nothing, grow apart from each other, and are all there after a restart', async () => {
    expect(await peerChannels(world.peer('A'))).toEqual([]);
    expect(await listChannels(world.participation('A'))).toEqual([]);
    const first = await world.open('first');
    await world.open('second', ['A', 'B']);
    const block = await world.grow('first');
    expect(block.header!.previousHash.length).toBe(32);
    expect([await world.height('first'), await world.height('second')]).toEqual([2, 1]);
    for (const again of [false, true]) {
      if (again) {
        await world.end();
        await world.begin();
      }
      expect(await peerChannels(world.peer('A'))).toEqual(['first', 'second']);
      expect(await peerChannels(world.peer('C'))).toEqual(['first']);
      expect(await listChannels(world.participation('C'))).toEqual(['first']);
      expect(await peerChannels(world.peer('D'))).toEqual([]);
      expect(Block.decode(await fetchBlock(world.orderer('B'), 'first', 1)).header).toEqual(block.header);
      expect([await world.height('first'), await world.height('second')]).toEqual([2, 1]);
    }
    await world.grow('second');
    expect([await world.height('first'), await world.height('second')]).toEqual([2, 2]);
    const block0 = Block.decode(await fetchBlock(world.peer('C'), 'first', 0, { from: 'peer' }));
    expect(block0.header).toEqual(Block.decode(first).header);
  });

  test('take a consenter more once it joins, and order nothing below a majority of them', async () => {
    const genesis = await world.genesis('first');
    const joined = await joinOrderer(world.participation('A'), 'first', genesis);
    expect(joined).toEqual({ name: 'first', consensusRelation: 'consenter', status: 'active', height: 1 });
    await joinPeer(world.peer('A'), genesis);
    expect(await refusal(broadcast(world.orderer('A'), world.envelope('first', 'A')))).toMatch(
      /SERVICE_UNAVAILABLE: no Raft leader$/,
    );
    expect(await refusal(fetchBlock(world.orderer('A'), 'first', 0))).toMatch(/SERVICE_UNAVAILABLE$/);
    await joinOrderer(world.participation('B'), 'first', genesis);
    await world.grow('first', 'B');
    expect(await world.height('first')).toBe(2);
    await leaveOrderer(world.participation('B'), 'first');
    expect(await channelInfo(world.participation('B'), 'first')).toBeUndefined();
    expect(await refusal(fetchBlock(world.orderer('B'), 'first', 0))).toMatch(/NOT_FOUND$/);
    expect(await refusal(broadcast(world.orderer('A'), world.envelope('first', 'A')))).toMatch(/no Raft leader$/);
    await joinOrderer(world.participation('C'), 'first', genesis);
    await world.grow('first', 'C');
    expect(await world.height('first')).toBe(3);
  });

  test('go when nobody takes part in them any more', async () => {
    const genesis = await world.genesis('first');
    for (const name of members) await joinOrderer(world.participation(name), 'first', genesis);
    await world.grow('first');
    for (const name of members) await leaveOrderer(world.participation(name), 'first');
    expect(await readdir(join(world.config.dataDirectory, 'channels'))).toEqual([]);
    for (const name of members) await joinOrderer(world.participation(name), 'first', genesis);
    expect(await world.height('first')).toBe(1);
  });

  test('are joined by a peer only with their own first block', async () => {
    await world.open('first');
    const other = await ChannelWorld.start();
    try {
      const strange = await other.genesis('first');
      expect(await refusal(joinPeer(world.peer('D'), strange))).toMatch(
        /cannot create ledger from genesis block: block 0 is not one of channel first/,
      );
      expect(await refusal(joinOrderer(world.participation('D'), 'first', strange))).toMatch(
        /cannot join: block 0 is not one of channel first, which began here with block [0-9a-f]{64}: D can fetch/,
      );
    } finally {
      await other[Symbol.asyncDispose]();
    }
  });
});

describe('a directory', () => {
  test('that a join which never came into force has left is taken away, and the channel can be joined', async () => {
    await world.open('second');
    await world.end();
    const left = join(world.config.dataDirectory, 'channels', 'first');
    await mkdir(left, { recursive: true });
    await writeFile(join(left, 'genesis.block'), 'half');
    await world.begin();
    expect(await readdir(join(left, '..'))).toEqual(['second']);
    await world.open('first');
    expect(await world.height('first')).toBe(1);
  });

  test('with channels and without the record of who has joined them is refused', async () => {
    await world.open('first');
    await world.end();
    await rm(join(world.config.dataDirectory, 'memberships.json'));
    expect(await refusal(world.begin())).toMatch(
      /channels holds channels, but the record of who has joined them is missing\. Restore/,
    );
  });

  test('whose record of joins is altered is refused', async () => {
    await world.open('first');
    await world.end();
    await writeFile(join(world.config.dataDirectory, 'memberships.json'), '{"version":1,"channels":{"first":{}}}');
    expect(await refusal(world.begin())).toMatch(
      /memberships.json, which says who has joined which channel, is altered/,
    );
  });

  test('whose channel has lost its first block is refused', async () => {
    await world.open('first');
    await world.end();
    await writeFile(join(world.config.dataDirectory, 'channels', 'first', 'genesis.block'), '');
    expect(await refusal(world.begin())).toMatch(
      /^Channel first was joined, but .*genesis.block is not its first block/,
    );
  });
});

describe('the genesis block', () => {
  test('is handed out by orderers as it was made', async () => {
    const genesis = await world.open('first');
    const sum = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
    expect(sum(await fetchBlock(world.orderer('A'), 'first', 0))).toBe(sum(genesis));
  });
});
