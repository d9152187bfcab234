import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { fetchBlock, joinPeer, mspRoots, peerChannels } from '../../../admin/index.ts';
import { ChannelWorld, type Name } from '../testing/channel-world.ts';
import { Block } from '../wire/envelope.ts';

let world: ChannelWorld;

beforeEach(async () => {
  world = await ChannelWorld.start();
  await world.open('first');
  await world.open('second');
});
afterEach(() => world[Symbol.asyncDispose]());

const asPeer = async (name: Name, number: number): Promise<string> => {
  try {
    return `block ${Block.decode(await fetchBlock(world.peer(name), 'first', number, { from: 'peer' })).header!.number}`;
  } catch (cause) {
    return (cause as Error).message.split(': ').at(-1)!;
  }
};
const asOrderer = async (name: Name, caller: Name, number: number): Promise<string> => {
  try {
    return `block ${Block.decode(await fetchBlock(world.orderer(name, caller), 'first', number)).header!.number}`;
  } catch (cause) {
    return (cause as Error).message.split(': ').at(-1)!;
  }
};

describe("a change of one channel's configuration", () => {
  test('is in force at once, is told by every later block, and leaves other channels alone', async () => {
    const config = await world.change('first', { kind: 'set-batch', maxMessageCount: 7 }, ['A', 'B']);
    expect(config.header!.number).toBe(1);
    await world.grow('first');
    expect([await world.height('first'), await world.height('second')]).toEqual([3, 1]);
    await world.end();
    await world.begin();
    expect([await world.height('first'), await world.height('second')]).toEqual([3, 1]);
  });

  test('lets the peer of an added organization join live', async () => {
    const genesis = await world.genesis('first');
    const { organization } = world.member('D');
    expect(await asOrderer('A', 'D', 0)).toBe('FORBIDDEN');
    await world.change('first', { kind: 'add-organization', mspId: 'D', roots: await mspRoots(organization) }, [
      'A',
      'B',
    ]);
    expect(await asOrderer('A', 'D', 0)).toBe('block 0');
    expect(await asPeer('D', 0)).toBe('NOT_FOUND');
    await joinPeer(world.peer('D'), genesis);
    expect(await peerChannels(world.peer('D'))).toEqual(['first']);
    await world.grow('first');
    expect([await asPeer('D', 1), await asPeer('D', 2)]).toEqual(['block 1', 'block 2']);
  });

  test('keeps every block from the removing one on from a removed organization, its own peer included', async () => {
    await world.grow('first');
    expect(await asPeer('C', 1)).toBe('block 1');
    await world.change('first', { kind: 'remove-consenter', address: 'localhost:7052' }, ['A', 'B']);
    expect(await asOrderer('C', 'C', 1)).toBe('NOT_FOUND');
    await world.change('first', { kind: 'remove-organization', mspId: 'C' }, ['A', 'B']);
    for (const again of [false, true]) {
      if (again) {
        await world.end();
        await world.begin();
      }
      expect([await asPeer('C', 2), await asPeer('C', 3)]).toEqual(['block 2', 'NOT_FOUND']);
      expect([await asPeer('A', 3), await asOrderer('A', 'C', 1)]).toEqual(['block 3', 'FORBIDDEN']);
      expect(await peerChannels(world.peer('C'))).toEqual(['first', 'second']);
    }
    const { organization } = world.member('C');
    await world.change('first', { kind: 'add-organization', mspId: 'C', roots: await mspRoots(organization) }, [
      'A',
      'B',
    ]);
    expect([await asPeer('C', 3), await asPeer('C', 4)]).toEqual(['block 3', 'block 4']);
  });

  test('gives a peer that joins before its organization is added the first block and no more', async () => {
    await joinPeer(world.peer('D'), await world.genesis('first'));
    await world.grow('first');
    expect([await asPeer('D', 0), await asPeer('A', 1)]).toEqual(['FORBIDDEN', 'block 1']);
    const { organization } = world.member('D');
    await world.change('first', { kind: 'add-organization', mspId: 'D', roots: await mspRoots(organization) }, [
      'A',
      'B',
    ]);
    expect([await asPeer('D', 0), await asPeer('D', 2)]).toEqual(['block 0', 'block 2']);
  });

  test('lets an added organization join the configured channel too, for good', async () => {
    const genesis = await world.genesis('configured');
    await world.end();
    const genesisBlock = join(world.directory, 'channels', 'configured', 'genesis.block');
    const configured = { channel: 'configured', genesisBlock };
    await world.begin(configured);
    expect(await peerChannels(world.peer('C'))).toEqual(['configured', 'first', 'second']);
    expect(await peerChannels(world.peer('D'))).toEqual([]);
    const { organization } = world.member('D');
    const roots = await mspRoots(organization);
    await world.change('configured', { kind: 'add-organization', mspId: 'D', roots }, ['A', 'B']);
    await joinPeer(world.peer('D'), genesis);
    for (const again of [false, true]) {
      if (again) {
        await world.end();
        await world.begin(configured);
      }
      expect(await peerChannels(world.peer('D'))).toEqual(['configured']);
      expect(await peerChannels(world.peer('C'))).toEqual(['configured', 'first', 'second']);
      await world.grow('configured', 'B');
      const number = (await world.height('configured'))! - 1;
      const block = await fetchBlock(world.peer('D'), 'configured', number, { from: 'peer' });
      expect(Block.decode(block).header!.number).toBe(number);
    }
  });
});
