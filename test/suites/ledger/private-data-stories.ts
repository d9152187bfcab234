import { hash } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { until } from '../../support/until.ts';
import { failure, take, text } from './answers.ts';
import type { Stage } from './conformance.ts';
import type { Member } from './probe-consortium.ts';

/** `rwset.TxPvtReadWriteSet` as fabric-gateway hands it out. */
type PrivateSet = {
  getNsPvtRwsetList(): readonly {
    getNamespace(): string;
    getCollectionPvtRwsetList(): readonly { getCollectionName(): string; getRwset_asU8(): Uint8Array }[];
  }[];
};

const own = '_implicit_org_A';
/** Three stalls are longer, with the shortest patience that we give a peer (`pullRetryThreshold`, 10 s); a busy machine is quicker. */
const stallMs = 25_000;
const secret = (value: string) => ({ transientData: { v: value } });

export function privateDataStories(stage: () => Stage): void {
  const any = (member: Member = 'A') => stage().contract(member, 'any');
  const at = (member: Member, operation: string, ...args: string[]) =>
    any(member).evaluate(operation, { arguments: args, endorsingOrganizations: [member] });
  const said = async (run: Promise<unknown>) => {
    const { details, text: whole } = await failure(run);
    return details[0] ?? whole;
  };

  test("an organization's own collection gives its plaintext to that organization and its hash to all", async () => {
    await any().submit('pput', { arguments: [own, 'k'], ...secret('value'), endorsingOrganizations: ['A'] });
    expect(text(await at('A', 'pget', own, 'k'))).toBe('value');
    await until('the hash at B', async () => text(await at('B', 'phash', own, 'k')) === hash('sha256', 'value'));
    expect(await said(at('B', 'pget', own, 'k'))).toMatch(
      /private data matching public hash version is not available\. Public hash version = \{BlockNum: \d+, TxNum: 0\}, Private data version = <nil>/,
    );
  });

  test("an organization's own collection is written with that organization's endorsement only", async () => {
    const proposal = any('B').newProposal('pput', {
      arguments: [own, 'x'],
      ...secret('v'),
      endorsingOrganizations: ['B'],
    });
    expect((await (await (await proposal.endorse()).submit()).getStatus()).code).toBe(10);
  });

  test("writes into another organization's own collection, whose content it never gets, do not hold up that organization's peer", async () => {
    const started = performance.now();
    // By Fabric's defaults A's peer would look for each of them until its patience ends, before it commits the block.
    for (const value of ['1', '2', '3']) {
      const proposal = any('B').newProposal('pput', {
        ...{ arguments: [own, 'stall'], endorsingOrganizations: ['B'] },
        ...secret(value),
      });
      expect((await (await (await proposal.endorse()).submit()).getStatus()).code).toBe(10);
    }
    await any('A').submit('put', { arguments: ['not-stalled', '1'], endorsingOrganizations: ['A'] });
    expect(performance.now() - started).toBeLessThan(stallMs);
    expect(text(await at('A', 'phash', own, 'stall'))).toBe('');
  });

  test('a block comes with the private data that the peer holds, collections for members only to members only', async () => {
    const value = 'comes with its block';
    const put = async (collection: string) => {
      const proposal = any().newProposal('pput', {
        ...{ arguments: [collection, 'with-block'], endorsingOrganizations: ['A'] },
        ...secret(value),
      });
      return (await (await (await proposal.endorse()).submit()).getStatus()).blockNumber;
    };
    const shown = async (startBlock: bigint, peer: Member, reader = peer): Promise<string[]> => {
      const { consortium } = stage();
      const gateway = consortium.gateway(peer, consortium.identity(reader).signer, reader);
      const events = await gateway.getNetwork(consortium.channel).getBlockAndPrivateDataEvents({ startBlock });
      const [event] = await take(events, 1);
      expect(event!.getBlock()!.getHeader()!.getNumber()).toBe(Number(startBlock));
      const collections: string[] = [];
      event!.getPrivateDataMapMap().forEach((set: PrivateSet) => {
        for (const namespace of set.getNsPvtRwsetList()) {
          for (const one of namespace.getCollectionPvtRwsetList()) {
            expect(Buffer.from(one.getRwset_asU8()).includes(value)).toBe(true);
            collections.push(`${namespace.getNamespace()} ${one.getCollectionName()}`);
          }
        }
      });
      return collections;
    };
    const shared = await put('ab');
    expect(await shown(shared, 'A')).toEqual(['any ab']);
    await until('the value at B', async () => (await shown(shared, 'B')).join() === 'any ab');
    expect(await shown(shared, 'C')).toEqual([]);
    expect(await shown(shared, 'A', 'B')).toEqual(['any ab']);
    expect(await shown(shared, 'A', 'C')).toEqual([]);
    const alone = await put(own);
    expect(await shown(alone, 'A')).toEqual([`any ${own}`]);
    // An implicit collection is not for members only: its organization's peer shows it to every reader of the channel.
    expect(await shown(alone, 'A', 'B')).toEqual([`any ${own}`]);
    expect(await shown(alone, 'B')).toEqual([]);
  });

  test('a block never shows plaintext or transient data', async () => {
    const value = 'a secret that must not be found';
    const endorsingOrganizations = ['A'];
    const proposal = any().newProposal('pput', { arguments: [own, 's'], ...secret(value), endorsingOrganizations });
    const { blockNumber } = await (await (await proposal.endorse()).submit()).getStatus();
    const block = await stage().consortium.ledger('A').blockBytes(Number(blockNumber));
    expect(Buffer.from(block).includes(value)).toBe(false);
    expect(Buffer.from(block).includes(Buffer.from(hash('sha256', value), 'hex'))).toBe(true);
  });

  test('a purged value is gone everywhere and can be written again', async () => {
    const only = { endorsingOrganizations: ['A'] };
    await any().submit('pput', { arguments: [own, 'p'], ...secret('1'), ...only });
    await any().submit('ppurge', { arguments: [own, 'p'], ...only });
    expect(text(await at('A', 'pget', own, 'p'))).toBe('');
    await until('the hash to go at B', async () => text(await at('B', 'phash', own, 'p')) === '');
    await any().submit('pput', { arguments: [own, 'p'], ...secret('2'), ...only });
    expect(text(await at('A', 'pget', own, 'p'))).toBe('2');
  });

  test('a named collection is read by its members at their peers, and by no one else', async () => {
    await any().submit('pput', { arguments: ['ab', 'k'], ...secret('shared') });
    expect(text(await at('A', 'pget', 'ab', 'k'))).toBe('shared');
    await until('the value at B', async () => text(await at('B', 'pget', 'ab', 'k')) === 'shared');
    expect(await said(any('C').evaluateTransaction('pget', 'ab', 'k'))).toMatch(
      /^C: chaincode response 500, GET_STATE failed: transaction ID: [0-9a-f]{64}: tx creator does not have read access permission on privatedata in chaincodeName:any collectionName: ab$/,
    );
    expect(await said(any('C').submit('pput', { arguments: ['ab', 'k'], ...secret('x') }))).toContain(
      'tx creator does not have write access permission on privatedata in chaincodeName:any collectionName: ab',
    );
  });

  test('a collection that nobody defined is refused', async () => {
    expect(await said(at('A', 'pget', 'nocoll', 'k'))).toContain('collection probes/any/nocoll could not be found');
  });

  test('a collection can be listed by its members', async () => {
    for (const key of ['r1', 'r2']) await any().submit('pput', { arguments: ['ab', key], ...secret('v') });
    await any().submitTransaction('pdel', 'ab', 'r1');
    await until('the list at B', async () => text(await at('B', 'prange', 'ab', 'r', 's')) === 'r2');
  });

  test('secrets are not handed to an organization outside the collection', async () => {
    const refused = await failure(
      stage()
        .contract('A')
        .submit('pput', { arguments: ['onlyA', 'k'], ...secret('v') }),
    );
    expect(refused).toMatchObject({
      code: 'FAILED_PRECONDITION',
      text: 'requires endorsement from organisation(s) that are not in the distribution policy of the private data collection(s): [onlyA]; retry specifying trusted endorsing organizations to protect transient data',
    });
  });

  test('a value goes when its time to live is over', async () => {
    await any().submit('pput', { arguments: ['brief', 'k'], ...secret('short'), endorsingOrganizations: ['A'] });
    for (const value of ['1', '2']) await any().submitTransaction('put', 'later', value);
    expect(text(await at('A', 'pget', 'brief', 'k'))).toBe('short');
    await any().submitTransaction('put', 'later', '3');
    expect(text(await at('A', 'pget', 'brief', 'k'))).toBe('');
    expect(text(await at('A', 'phash', 'brief', 'k'))).toBe('');
  });
}
