import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { foundConsortium } from '../../../admin/index.ts';
import { type ChannelConfig, readChannelConfig } from '../msp/channel-config.ts';
import { Block } from '../wire/envelope.ts';
import { consentersOf, haveQuorum } from './consenters.ts';

const names = ['A', 'B', 'C', 'D'];
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'consenters-'));
});
afterAll(() => rm(directory, { recursive: true }));

async function config(channel: string, consensus: 'raft' | 'bft', count: number): Promise<ChannelConfig> {
  const organizations = names.slice(0, count).map((mspId) => ({ name: mspId.toLowerCase(), mspId }));
  const { genesisBlock } = await foundConsortium({ directory, channel, consensus, organizations, now: new Date() });
  return readChannelConfig(Block.decode(genesisBlock));
}
const enough = (of: ChannelConfig, ...joined: readonly string[]): boolean =>
  haveQuorum(consentersOf(of), new Set(joined));

describe('the consenters of a channel', () => {
  test('of Raft belong to whose TLS authority issued their certificates, and more than half of them agree', async () => {
    const three = await config('three', 'raft', 3);
    expect(consentersOf(three)).toEqual({ organizations: ['A', 'B', 'C'], quorum: 2 });
    expect([enough(three, 'A'), enough(three, 'A', 'D'), enough(three, 'C', 'B')]).toEqual([false, false, true]);
    const four = await config('four', 'raft', 4);
    expect([enough(four, 'A', 'B'), enough(four, 'A', 'B', 'D')]).toEqual([false, true]);
    const one = await config('one', 'raft', 1);
    expect([enough(one), enough(one, 'A')]).toEqual([false, true]);
  });

  test('of BFT are named with their organizations, and three of four agree', async () => {
    const four = await config('lying', 'bft', 4);
    expect(consentersOf(four)).toEqual({ organizations: ['A', 'B', 'C', 'D'], quorum: 3 });
    expect([enough(four, 'A', 'B'), enough(four, 'B', 'C', 'D')]).toEqual([false, true]);
  });
});
