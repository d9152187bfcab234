import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ask, joinPeer, type PeerConnection, peerChannels } from '../../../admin/index.ts';
import { ChannelWorld } from '../testing/channel-world.ts';
import { Block, ChannelHeader, Envelope, HeaderType, Payload } from '../wire/envelope.ts';

let world: ChannelWorld;
let genesis: Buffer;

beforeAll(async () => {
  world = await ChannelWorld.start();
  genesis = await world.genesis('first');
});
afterAll(() => world[Symbol.asyncDispose]());

const refusal = (run: Promise<unknown>): Promise<string> =>
  run.then(
    () => 'not refused',
    (cause: Error) => cause.message.replace(/^.* at [A-D]'s peer: /, ''),
  );
const join = (block: Uint8Array, peer: PeerConnection = world.peer('A')): Promise<string> =>
  refusal(joinPeer(peer, block));

describe('a peer', () => {
  test('joins for an admin of its own organization only', async () => {
    expect(await join(genesis, world.peer('A', 'A', 'gateway'))).toBe(
      "access denied for [JoinChain][first]: [Failed verifying that proposal's creator satisfies local MSP principal during channelless check policy with policy [Admins]: [The identity is not an admin under this MSP [A]: The identity does not contain OU [ADMIN], MSP: [A]]]",
    );
    expect(await join(genesis, world.peer('A', 'B'))).toMatch(
      /error validating proposal: access denied: channel \[\] creator org unknown, creator is malformed$/,
    );
    expect(await refusal(peerChannels(world.peer('A', 'B')))).toMatch(/creator org unknown, creator is malformed$/);
    expect(await peerChannels(world.peer('A', 'A', 'gateway'))).toEqual([]);
  });

  test.each([
    ['no block', () => Buffer.from('rubbish'), /^Failed to reconstruct the genesis block, error unmarshalling Block: /],
    [
      'an empty block',
      () => Buffer.alloc(0),
      '"JoinChain" request failed to extract channel id from the block due to [failed to retrieve channel id - block is empty]',
    ],
    [
      'a block of another kind',
      () => {
        const header = { channelHeader: ChannelHeader.encode({ type: HeaderType.MESSAGE, channelId: 'first' }) };
        return Block.encode({ data: { data: [Envelope.encode({ payload: Payload.encode({ header }) })] } });
      },
      '"JoinChain" for channelID = first failed because of validation of configuration block, because of Bad configuration envelope: invalid type 0, expected 1',
    ],
    [
      'a config block without configuration',
      () => {
        const header = { channelHeader: ChannelHeader.encode({ type: HeaderType.CONFIG, channelId: 'first' }) };
        return Block.encode({ data: { data: [Envelope.encode({ payload: Payload.encode({ header }) })] } });
      },
      '"JoinChain" for channelID = first failed because of validation of configuration block, because of Nil config envelope Config',
    ],
    [
      'a block that is not the first',
      () => {
        const { header, ...rest } = Block.decode(genesis);
        return Block.encode({ ...rest, header: { ...header, number: 3 } });
      },
      '"JoinChain" for channelID = first failed because of validation of configuration block, because of it is block 3; a peer joins with block 0',
    ],
    [
      'a half-made first block',
      () => {
        const { header, ...rest } = Block.decode(genesis);
        return Block.encode({ ...rest, header: { ...header, dataHash: Buffer.alloc(32) } });
      },
      'cannot create ledger from genesis block: invalid block: Header.DataHash is different from Hash(block.Data)',
    ],
  ])('does not join with %s', async (_, block, sentence) => {
    const said = await join(block());
    if (typeof sentence === 'string') expect(said).toBe(sentence);
    else expect(said).toMatch(sentence);
    expect(await peerChannels(world.peer('A'))).toEqual([]);
  });

  test('answers for channels that it has not joined as for those that do not exist, until it joins, once', async () => {
    const height = () =>
      ask(world.peer('A'), { channel: 'first', chaincode: 'qscc', args: ['GetChainInfo', 'first'] }, 'asking');
    expect(await refusal(height())).toBe("channel 'first' not found");
    expect(await join(genesis)).toBe('not refused');
    expect((await height()).length).toBeGreaterThan(0);
    const again = ask(world.peer('A'), { channel: '', chaincode: 'cscc', args: ['JoinChain', genesis] }, 'joining');
    expect(await refusal(again)).toBe(
      'cannot create ledger from genesis block: ledger [first] already exists with state [ACTIVE]',
    );
    expect(await refusal(ask(world.peer('B'), { channel: 'first', chaincode: 'qscc', args: [] }, 'asking'))).toBe(
      "channel 'first' not found",
    );
  });
});
