import { hash } from 'node:crypto';
import { type Contract, GatewayError } from '@hyperledger/fabric-gateway';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Member, ProbeNetwork } from './testing/probe-network.ts';
import { BlockAndPrivateData } from './wire/gateway.ts';
import { KvRwSet } from './wire/rwset.ts';

let network: ProbeNetwork;
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
const at = (member: Member, name = 'probe'): Contract =>
  network.gateway(member).getNetwork(network.channel).getContract(name);
let contracts: Record<Member, Contract>;

beforeAll(async () => {
  network = await ProbeNetwork.start([
    {
      name: 'probe',
      policy: "OR('A.peer','B.peer','C.peer')",
      collections: [
        { name: 'ab', policy: "OR('A.member','B.member')" },
        { name: 'brief', policy: "OR('A.member')", blockToLive: 2 },
      ],
    },
    {
      name: 'two',
      policy: "OutOf(2,'A.peer','B.peer','C.peer')",
      collections: [{ name: 'onlyA', policy: "OR('A.member')" }],
    },
  ]);
  contracts = { A: at('A'), B: at('B'), C: at('C') };
});
afterAll(() => network[Symbol.asyncDispose]());

const secret = (value: string) => ({ transientData: { v: value } });
async function refusal(run: Promise<unknown>): Promise<string> {
  const error = await run.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  if (!(error instanceof GatewayError)) throw new Error('was not refused');
  return error.details[0]?.message ?? error.cause.details;
}

/** The private values that an organization is given with a block. */
async function plaintextWith(startBlock: bigint, member: Member): Promise<string[]> {
  const events = await network.gateway(member).getNetwork(network.channel).getBlockAndPrivateDataEvents({ startBlock });
  for await (const event of events) {
    const { privateData } = BlockAndPrivateData.decode(Buffer.from(event.serializeBinary()));
    events.close();
    const sets = privateData.flatMap(({ value }) => value?.namespaces ?? []).flatMap(({ collections }) => collections);
    return sets.flatMap(({ rwSet }) => KvRwSet.decode(rwSet).writes.map(({ value }) => value.toString()));
  }
  return [];
}

describe("an organization's own collection", () => {
  const own = '_implicit_org_A';

  test('gives its plaintext to that organization and its hash to all', async () => {
    await contracts.A.submit('pput', { arguments: [own, 'k'], ...secret('value'), endorsingOrganizations: ['A'] });
    expect(text(await contracts.A.evaluateTransaction('pget', own, 'k'))).toBe('value');
    expect(text(await contracts.B.evaluate('phash', { arguments: [own, 'k'] }))).toBe(hash('sha256', 'value'));
    const elsewhere = contracts.B.evaluate('pget', { arguments: [own, 'k'], endorsingOrganizations: ['B'] });
    expect(await refusal(elsewhere)).toMatch(
      /private data matching public hash version is not available\. Public hash version = \{BlockNum: \d+, TxNum: 0\}, Private data version = <nil>/,
    );
  });

  test("is written with that organization's endorsement only", async () => {
    const proposal = contracts.B.newProposal('pput', {
      arguments: [own, 'x'],
      ...secret('v'),
      endorsingOrganizations: ['B'],
    });
    expect((await (await (await proposal.endorse()).submit()).getStatus()).code).toBe(10);
  });

  test('never shows plaintext or transient data in a block', async () => {
    const value = 'a secret that must not be found';
    const proposal = contracts.A.newProposal('pput', {
      arguments: [own, 's'],
      ...secret(value),
      endorsingOrganizations: ['A'],
    });
    const status = await (await (await proposal.endorse()).submit()).getStatus();
    const qscc = network.gateway('B').getNetwork(network.channel).getContract('qscc');
    const block = await qscc.evaluateTransaction('GetBlockByNumber', network.channel, String(status.blockNumber));
    expect(Buffer.from(block).includes(value)).toBe(false);
    expect(Buffer.from(block).includes(Buffer.from(hash('sha256', value), 'hex'))).toBe(true);
  });

  test('purged, is gone everywhere and can be written again', async () => {
    const options = { endorsingOrganizations: ['A'] };
    const proposal = contracts.A.newProposal('pput', { arguments: [own, 'p'], ...secret('1'), ...options });
    const { blockNumber } = await (await (await proposal.endorse()).submit()).getStatus();
    expect(await plaintextWith(blockNumber, 'A')).toEqual(['1']);
    await contracts.A.submit('ppurge', { arguments: [own, 'p'], ...options });
    expect(text(await contracts.A.evaluateTransaction('pget', own, 'p'))).toBe('');
    expect(await plaintextWith(blockNumber, 'A')).toEqual([]);
    expect(text(await contracts.B.evaluateTransaction('phash', own, 'p'))).toBe('');
    await contracts.A.submit('pput', { arguments: [own, 'p'], ...secret('2'), ...options });
    expect(text(await contracts.A.evaluateTransaction('pget', own, 'p'))).toBe('2');
  });
});

describe('a named collection', () => {
  test('is read by its members at their peers, and by no one else', async () => {
    await contracts.A.submit('pput', { arguments: ['ab', 'k'], ...secret('shared') });
    expect(text(await contracts.A.evaluateTransaction('pget', 'ab', 'k'))).toBe('shared');
    expect(text(await contracts.B.evaluateTransaction('pget', 'ab', 'k'))).toBe('shared');
    expect(await refusal(contracts.C.evaluateTransaction('pget', 'ab', 'k'))).toContain(
      'tx creator does not have read access permission on privatedata in chaincodeName:probe collectionName: ab',
    );
    expect(await refusal(contracts.C.submit('pput', { arguments: ['ab', 'k'], ...secret('x') }))).toContain(
      'tx creator does not have write access permission',
    );
  });

  test('that nobody defined is refused', async () => {
    expect(await refusal(contracts.A.evaluateTransaction('pget', 'nocoll', 'k'))).toContain(
      'collection probes/probe/nocoll could not be found',
    );
  });

  test('can be listed by its members', async () => {
    for (const key of ['r1', 'r2']) await contracts.A.submit('pput', { arguments: ['ab', key], ...secret('v') });
    await contracts.A.submitTransaction('pdel', 'ab', 'r1');
    expect(text(await contracts.B.evaluateTransaction('prange', 'ab', 'r', 's'))).toBe('r2');
  });

  test('does not hand secrets to an organization outside it', async () => {
    const two = at('A', 'two');
    expect(await refusal(two.submit('pput', { arguments: ['onlyA', 'k'], ...secret('v') }))).toBe(
      'requires endorsement from organisation(s) that are not in the distribution policy of the private data collection(s): [onlyA]; retry specifying trusted endorsing organizations to protect transient data',
    );
  });

  test('lets go of values whose time to live is over', async () => {
    await contracts.A.submit('pput', { arguments: ['brief', 'k'], ...secret('short') });
    for (const value of ['1', '2']) await contracts.A.submitTransaction('put', 'later', value);
    expect(text(await contracts.A.evaluateTransaction('pget', 'brief', 'k'))).toBe('short');
    await contracts.A.submitTransaction('put', 'later', '3');
    expect(text(await contracts.A.evaluateTransaction('pget', 'brief', 'k'))).toBe('');
    expect(text(await contracts.B.evaluateTransaction('phash', 'brief', 'k'))).toBe('');
  });

  test('comes with its block for members only, and survives a restart', async () => {
    const proposal = contracts.A.newProposal('pput', { arguments: ['ab', 'event'], ...secret('with the block') });
    const { blockNumber } = await (await (await proposal.endorse()).submit()).getStatus();
    expect(await plaintextWith(blockNumber, 'B')).toEqual(['with the block']);
    expect(await plaintextWith(blockNumber, 'C')).toEqual([]);
    await network.restart();
    expect(text(await at('B').evaluateTransaction('pget', 'ab', 'event'))).toBe('with the block');
  });
});
