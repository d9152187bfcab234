import { randomBytes } from 'node:crypto';
import {
  ask,
  broadcast,
  channelInfo,
  fetchConfigBlock,
  joinOrderer,
  joinPeer,
  leaveOrderer,
  listChannels,
  openChannel,
  peerChannels,
  proposeChange,
  signChange,
  submitChange,
} from '@d-cloud/network/admin';
import { Block } from '@d-cloud/network/ledger/messages';
import { readChannelConfig } from '@d-cloud/network/ledger/verify';
import { expect, test } from '@jest/globals';
import { until } from '../../support/until.ts';
import type { Stage } from './conformance.ts';
import { differences } from './differences.ts';
import { type Member, members } from './probe-consortium.ts';

const refusal = (run: Promise<unknown>): Promise<string> =>
  run.then(
    () => 'not refused',
    (cause: Error) => cause.message.replace(/\s+/g, ' '),
  );

/** Channels that are made while peers and orderers run: who joins them, who leaves, and how each goes its own way. */
export function channelStories(stage: () => Stage): void {
  const consortium = () => stage().consortium;
  const open = async (channel: string, names: readonly Member[] = members) =>
    openChannel({
      genesisBlock: await consortium().genesisBlock(channel),
      orderers: names.map((name) => consortium().participation(name)),
      watch: consortium().orderer(names[0]!),
      peers: names.map((name) => consortium().peer(name)),
    });
  const sequence = async (channel: string): Promise<number> =>
    readChannelConfig(await fetchConfigBlock(consortium().orderer('A'), channel)).sequence;

  test('a channel is opened, changed, and others are not', async () => {
    await open('second');
    await open('third', ['A', 'B']);
    expect(await peerChannels(consortium().peer('A'))).toEqual(expect.arrayContaining(['probes', 'second', 'third']));
    expect(await peerChannels(consortium().peer('C'))).not.toContain('third');
    expect((await listChannels(consortium().participation('C'))).sort()).toEqual(['probes', 'second']);
    expect(await channelInfo(consortium().participation('A'), 'second')).toEqual({
      name: 'second',
      consensusRelation: 'consenter',
      status: 'active',
      height: 1,
    });
    const config = await fetchConfigBlock(consortium().orderer('A'), 'second');
    const versions = { lowest: '2.5' } as const;
    let proposal = proposeChange(config, { kind: 'set-batch', maxMessageCount: 7 }, 'a story', versions);
    for (const name of ['A', 'B'] as const) {
      proposal = signChange(proposal, config, consortium().peer(name).signatory, versions);
    }
    await submitChange(proposal, config, consortium().orderer('A'), versions);
    await until('the config block', async () => (await sequence('second')) === 1);
    expect([await sequence('second'), await sequence('third'), await sequence('probes')]).toEqual([1, 0, 0]);
    expect(await refusal(submitChange(proposal, config, consortium().orderer('A'), versions))).toMatch(
      /BAD_REQUEST: error applying config update to existing channel 'second': error authorizing update: error validating DeltaSet: attempt to set key \[Value\] \/Channel\/Orderer\/BatchSize to version 1, but key is at version 1$/,
    );
  });

  test('a peer joins by the first block, once, for an admin of its own organization', async () => {
    const genesisBlock = await consortium().genesisBlock('joined');
    const join = (block: Uint8Array, peer = consortium().peer('A')) =>
      refusal(ask(peer, { channel: '', chaincode: 'cscc', args: ['JoinChain', block] }, 'joining'));
    expect(await join(genesisBlock, consortium().peer('A', 'gateway'))).toBe(
      "joining at A: access denied for [JoinChain][joined]: [Failed verifying that proposal's creator satisfies local MSP principal during channelless check policy with policy [Admins]: [The identity is not an admin under this MSP [A]: The identity does not contain OU [ADMIN], MSP: [A]]]",
    );
    expect(await join(genesisBlock, consortium().peer('A', 'admin', 'B'))).toMatch(
      /access denied: channel \[\] creator org unknown, creator is malformed/,
    );
    expect(await join(randomBytes(100))).toMatch(
      /Failed to reconstruct the genesis block, error unmarshalling Block: /,
    );
    expect(await join(Block.encode({ data: { data: [] } }))).toBe(
      'joining at A: "JoinChain" request failed to extract channel id from the block due to [failed to retrieve channel id - block is empty]',
    );
    const height = () => ask(consortium().peer('A'), { channel: 'joined', chaincode: 'qscc', args: [] }, 'asking');
    expect(await refusal(height())).toBe("asking at A: channel 'joined' not found");
    expect(await join(genesisBlock)).toBe('not refused');
    expect(await join(genesisBlock)).toBe(
      'joining at A: cannot create ledger from genesis block: ledger [joined] already exists with state [ACTIVE]',
    );
    expect(await peerChannels(consortium().peer('A', 'gateway'))).toContain('joined');
  });

  test('an orderer joins by channel participation, once, and leaves', async () => {
    const genesisBlock = await consortium().genesisBlock('visited');
    const at = consortium().participation('B');
    expect(await joinOrderer(at, 'visited', genesisBlock)).toEqual({
      name: 'visited',
      consensusRelation: 'consenter',
      status: 'active',
      height: 1,
    });
    expect(await joinOrderer(at, 'visited', genesisBlock)).toMatchObject({ name: 'visited', height: 1 });
    await leaveOrderer(at, 'visited');
    await until('the orderer to have left', async () => (await channelInfo(at, 'visited')) === undefined);
    expect(await listChannels(at)).not.toContain('visited');
  });

  test('an orderer does not join with a block that is none', async () => {
    const at = consortium().participation('B');
    const join = (block: Uint8Array) => refusal(joinOrderer(at, 'visited', block));
    expect(await join(randomBytes(100))).toMatch(
      /: cannot unmarshal file part config-block into a block: proto:.* \(HTTP 400\)$/,
    );
    expect(await join(new Uint8Array(0))).toMatch(/: invalid join block: block is not a config block \(HTTP 400\)$/);
    const half = Block.decode(await consortium().genesisBlock('visited'));
    const header = { ...half.header!, dataHash: randomBytes(32) };
    if (differences[consortium().generation].joinChecksDataHash) {
      expect(await join(Block.encode({ ...half, header }))).toMatch(
        /: invalid join block: invalid block: Header.DataHash is different from Hash\(block.Data\) \(HTTP 400\)$/,
      );
    }
    expect(await join(Buffer.alloc(1 << 20))).toMatch(
      /: cannot read form from request body: http: request body too large \(HTTP 400\)$/,
    );
  });

  test('nothing is ordered while too few orderers take part', async () => {
    const genesisBlock = await consortium().genesisBlock('alone');
    await joinOrderer(consortium().participation('A'), 'alone', genesisBlock);
    await joinPeer(consortium().peer('A'), genesisBlock);
    const config = Buffer.from(genesisBlock);
    const versions = { lowest: '2.5' } as const;
    let proposal = proposeChange(config, { kind: 'set-batch', maxMessageCount: 7 }, 'a story', versions);
    for (const name of ['A', 'B'] as const) {
      proposal = signChange(proposal, config, consortium().peer(name).signatory, versions);
    }
    expect(await refusal(submitChange(proposal, config, consortium().orderer('A'), versions))).toMatch(
      /: SERVICE_UNAVAILABLE: no Raft leader$/,
    );
    expect(await refusal(broadcast(consortium().orderer('B'), Buffer.alloc(0)))).toMatch(/BAD_REQUEST/);
  });
}
