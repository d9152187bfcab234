import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { ConfigEdit } from '../../../admin/index.ts';
import { offlineOrganization } from '../../../ledger/testing/offline-channel.ts';
import { blockHash, parseBlock } from '../../../ledger/verify/block-hash.ts';
import { verifyConfigChain } from '../../../ledger/verify/index.ts';
import { updateEnvelopeOf, updateOf } from '../testing/config-changes.ts';
import { EngineWorld, type Organization } from '../testing/engine-world.ts';
import { MemoryStorage } from '../testing/memory-storage.ts';
import { BroadcastStatus } from '../wire/envelope.ts';
import { Code } from '../wire/proposal.ts';
import { lastConfigOf } from './block.ts';
import type { Ledger } from './ledger.ts';
import { readTransaction } from './transaction.ts';

let world: EngineWorld;
let storage: MemoryStorage;
let ledger: Ledger;
beforeAll(async () => {
  world = await EngineWorld.found();
});
beforeEach(async () => {
  storage = new MemoryStorage();
  ledger = await world.open(storage);
});

const batch = (maxMessageCount: number): ConfigEdit => ({ kind: 'set-batch', maxMessageCount });

function envelope(approvers: readonly Organization[], ...edits: readonly ConfigEdit[]): Buffer {
  const admins = approvers.map((mspId) => world.signer(`${mspId}.admin`));
  return updateEnvelopeOf('engine', updateOf(ledger.configBlock, ...edits), admins, world.signer('A.admin'));
}

/** Hands an envelope in and resolves when the block that it leads to is there. */
async function ordered(bytes: Buffer): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  using _listening = ledger.onBlock(resolve);
  expect(ledger.broadcast(bytes)).toEqual({ status: BroadcastStatus.SUCCESS, info: '' });
  await promise;
}

const refusal = (bytes: Buffer): [status: number, info: string] => {
  const { status, info } = ledger.broadcast(bytes);
  return [status, info];
};
const applying = "error applying config update to existing channel 'engine': ";
const put = (key: string) => (simulation: Parameters<Parameters<EngineWorld['transaction']>[1]>[0]) =>
  simulation.put('cc', key, Buffer.from('v'));

describe('a config update', () => {
  test('that enough admins signed is in force with its block, which the chain of config blocks proves', async () => {
    await world.commit(ledger, world.transaction(ledger, put('before')));
    await ordered(envelope(['A', 'B'], batch(17)));
    expect(ledger.config.sequence).toBe(world.config().sequence + 1);
    expect(ledger.config.batch?.maxCount).toBe(17);
    await world.commit(ledger, world.transaction(ledger, put('after')));
    const blocks = await Promise.all([1, 2, 3].map((number) => ledger.block(number)));
    expect(blocks.map(({ bytes }) => lastConfigOf(bytes))).toEqual([0, 2, 2]);
    expect(blocks[1]!.transactions).toHaveLength(1);
    const genesisHash = blockHash(parseBlock(world.genesisBlock).header);
    const configs = verifyConfigChain(genesisHash, [world.genesisBlock, ledger.configBlock]);
    expect(configs.map(({ sequence }) => sequence - world.config().sequence)).toEqual([0, 1]);
  });

  test('is in force again when the ledger is opened again', async () => {
    await ordered(envelope(['A', 'C'], batch(17)));
    await ordered(envelope(['A', 'C'], batch(18)));
    await world.commit(ledger, world.transaction(ledger, put('k')));
    const before = ledger.configBlock;
    await ledger[Symbol.asyncDispose]();
    ledger = await world.open(storage);
    expect(ledger.configBlock.equals(before)).toBe(true);
    expect([ledger.config.sequence - world.config().sequence, ledger.config.batch?.maxCount]).toEqual([2, 18]);
    await ordered(envelope(['B', 'C'], batch(19)));
    expect(ledger.config.batch?.maxCount).toBe(19);
  });

  test('that too few admins signed is refused, and so is one that was made for another state', async () => {
    expect(refusal(envelope(['A'], batch(17)))).toEqual([
      400,
      `${applying}error authorizing update: error validating DeltaSet: policy for [Value]  /Channel/Orderer/BatchSize not satisfied: implicit policy evaluation failed - 1 sub-policies were satisfied, but this policy requires 2 of the 'Admins' sub-policies to be satisfied`,
    ]);
    const stale = envelope(['A', 'B'], batch(17));
    await ordered(stale);
    expect(refusal(stale)).toEqual([
      400,
      `${applying}error authorizing update: error validating DeltaSet: attempt to set key [Value]  /Channel/Orderer/BatchSize to version 1, but key is at version 1`,
    ]);
    expect(ledger.height).toBe(2);
  });

  test('counts a signature over other bytes, and two of one admin, for nothing more', () => {
    const update = updateOf(ledger.configBlock, batch(17));
    const twice = [world.signer('A.admin'), world.signer('A.admin')];
    expect(refusal(updateEnvelopeOf('engine', update, twice, world.signer('B.admin')))[1]).toContain('1 sub-policies');
    const peers = [world.signer('A.peer'), world.signer('B.peer'), world.signer('C.gateway')];
    expect(refusal(updateEnvelopeOf('engine', update, peers, world.signer('B.admin')))[1]).toContain('0 sub-policies');
  });

  test.each<[string, ConfigEdit, string]>([
    [
      'a batch timeout that is none',
      { kind: 'set-batch', timeout: 'soon' },
      'initializing channelconfig failed: could not create channel Orderer sub-group config: Attempted to set the batch timeout to a invalid value: time: invalid duration "soon"',
    ],
    [
      'blocks of no transactions',
      batch(0),
      'initializing channelconfig failed: could not create channel Orderer sub-group config: Attempted to set the batch size max message count to an invalid value: 0',
    ],
    [
      'a capability that peers do not know',
      { kind: 'set-capability', section: 'Application', name: 'V9_9' },
      'config update is not compatible: config requires unsupported application capabilities: Application capability V9_9 is required but not supported: Application capability V9_9 is required but not supported',
    ],
  ])('to %s is refused whoever signed', (_name, edit, why) => {
    expect(refusal(envelope(['A', 'B', 'C'], edit))).toEqual([400, `${applying}${why}`]);
  });

  test('that waits while another is ordered is dropped when it does not fit any more', async () => {
    const [first, second] = [envelope(['A', 'B'], batch(17)), envelope(['A', 'B'], batch(18))];
    const done = ordered(first);
    expect(ledger.broadcast(second).status).toBe(BroadcastStatus.SUCCESS);
    await done;
    await world.commit(ledger, world.transaction(ledger, put('k')));
    expect([ledger.config.batch?.maxCount, ledger.height]).toEqual([17, 3]);
  });

  test('cannot be handed in as a config transaction that somebody made up', async () => {
    await ordered(envelope(['A', 'B'], batch(17)));
    const { transactions } = await ledger.block(1);
    expect(refusal(transactions[0]!.bytes)).toEqual([400, 'message is of type that cannot be processed directly']);
    const { promise, resolve } = Promise.withResolvers<void>();
    using _listening = ledger.onBlock(resolve);
    ledger.submit(readTransaction(transactions[0]!.bytes), false);
    await promise;
    expect([...(await ledger.block(2)).codes]).toEqual([Code.UNSUPPORTED_TX_PAYLOAD]);
    expect(ledger.config.sequence).toBe(world.config().sequence + 1);
  });
});

test('whatever bytes are handed in, an orderer answers, and nothing changes that nobody agreed upon', async () => {
  const sound = envelope(['A', 'B'], batch(17));
  const any = fc.tuple(fc.nat(sound.length - 1), fc.nat(2), fc.nat(255));
  fc.assert(
    fc.property(any, ([at, kind, value]) => {
      const bytes = Buffer.from(sound);
      if (kind === 0) bytes[at] = value;
      const broken =
        kind === 1 ? bytes.subarray(0, at) : kind === 2 ? Buffer.concat([bytes, bytes.subarray(at)]) : bytes;
      if (broken.equals(sound)) return;
      const { status } = ledger.broadcast(broken);
      expect(Object.values(BroadcastStatus)).toContain(status);
    }),
    { numRuns: 500 },
  );
  await world.commit(ledger, world.transaction(ledger, put('k')));
  for (let number = 1; number < ledger.height; number++) {
    const { transactions, codes } = await ledger.block(number);
    expect(transactions.length).toBe(codes.length);
  }
  expect(ledger.config.sequence - world.config().sequence).toBeLessThanOrEqual(1);
});

describe('an organization', () => {
  test('that is added may write at once, and has an implicit collection of its own', async () => {
    const founded = await offlineOrganization('D', new Date());
    await ordered(envelope(['A', 'B'], { kind: 'add-organization', mspId: 'D', roots: founded.roots }));
    expect(ledger.config.members).toContain('D');
    expect(ledger.config.identities.read(Buffer.from(founded.client.creator))?.mspId).toBe('D');
    const secret = world.transaction(ledger, (simulation) =>
      simulation.putPrivate('cc', '_implicit_org_D', 'k', { value: Buffer.from('s') }),
    );
    expect(await world.commit(ledger, secret)).toEqual([Code.ENDORSEMENT_POLICY_FAILURE]);
    await ledger[Symbol.asyncDispose]();
    ledger = await world.open(storage);
    using snapshot = ledger.snapshot();
    const seen = ledger.simulate('D', 'tx', snapshot.height);
    expect(seen.getPrivate('cc', '_implicit_org_D', 'k')).toBeUndefined();
  });

  test('that is removed neither endorses nor writes any more, not even what waits already', async () => {
    const late = world.transaction(ledger, put('late'), ['C']);
    await ordered(envelope(['A', 'B'], { kind: 'remove-organization', mspId: 'C' }));
    expect(await world.commit(ledger, late)).toEqual([Code.ENDORSEMENT_POLICY_FAILURE]);
    const update = updateOf(ledger.configBlock, batch(17));
    const admins = [world.signer('A.admin'), world.signer('B.admin')];
    expect(refusal(updateEnvelopeOf('engine', update, admins, world.signer('C.admin')))).toEqual([
      403,
      "config update for existing channel did not pass initial checks: implicit policy evaluation failed - 0 sub-policies were satisfied, but this policy requires 1 of the 'Writers' sub-policies to be satisfied: permission denied",
    ]);
  });
});
