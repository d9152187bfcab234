import { status } from '@grpc/grpc-js';
import { type ChaincodeEvent, type Contract, GatewayError, type Network } from '@hyperledger/fabric-gateway';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { headerHash, readBlock } from '../engine/block.ts';
import { sha256 } from '../msp/signature.ts';
import { ProbeNetwork } from '../testing/probe-network.ts';
import { callRaw } from '../testing/proposals.ts';
import { CommitStatusRequest, SignedRequest } from '../wire/gateway.ts';

let running: ProbeNetwork;
let network: Network;
let probe: Contract;
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

beforeAll(async () => {
  running = await ProbeNetwork.start([{ name: 'probe' }]);
  network = running.gateway('A').getNetwork(running.channel);
  probe = network.getContract('probe');
});
afterAll(() => running[Symbol.asyncDispose]());

const commit = async (operation: string, ...args: string[]) => {
  const endorsed = await probe.newProposal(operation, { arguments: args }).endorse();
  return (await endorsed.submit()).getStatus();
};
async function take<T>(events: AsyncIterable<T> & { close(): void }, count: number): Promise<T[]> {
  const taken: T[] = [];
  for await (const event of events) {
    taken.push(event);
    if (taken.length >= count) break;
  }
  events.close();
  return taken;
}

describe('what became of a transaction', () => {
  test('of two that read and write the same key the second loses, and its event is not sent', async () => {
    const first = await commit('put', 'm', '1');
    const endorsed = await Promise.all(
      ['x', 'y'].map((v) => probe.newProposal('upd', { arguments: ['m', v] }).endorse()),
    );
    const statuses = await Promise.all(endorsed.map(async (each) => (await each.submit()).getStatus()));
    expect(statuses.map(({ code }) => code).sort()).toEqual([0, 11]);
    await commit('upd', 'm', 'after');
    const events = await take(await network.getChaincodeEvents('probe', { startBlock: first.blockNumber }), 2);
    const valid = statuses.find(({ successful }) => successful);
    expect(events.map(({ transactionId }) => transactionId)[0]).toBe(valid?.transactionId);
    await expect(probe.submitTransaction('upd', 'm', 'z')).resolves.toBeDefined();
  });

  test('a range that changed is a phantom, also when only a value did', async () => {
    await commit('put', 'r1', '1');
    const changes: [string, ...string[]][] = [
      ['put', 'r2', '1'],
      ['put', 'r2', '2'],
      ['del', 'r1'],
    ];
    for (const change of changes) {
      const counted = await probe.newProposal('count', { arguments: ['r', 's', 'counted'] }).endorse();
      await commit(...change);
      expect((await (await counted.submit()).getStatus()).code).toBe(12);
    }
  });

  test('the same envelope twice is one transaction', async () => {
    const endorsed = await probe.newProposal('put', { arguments: ['d', '1'] }).endorse();
    const first = await (await endorsed.submit()).getStatus();
    const second = await (await endorsed.submit()).getStatus();
    expect([first.code, second.code, second.blockNumber]).toEqual([0, 0, first.blockNumber]);
  });

  test('an id that never came is waited for', async () => {
    const contract = running.gateway('B').getNetwork(running.channel).getContract('probe');
    const endorsed = await contract.newProposal('put', { arguments: ['w', '1'] }).endorse();
    const submitted = await endorsed.submit();
    await expect(submitted.getStatus({ deadline: Date.now() + 5_000 })).resolves.toMatchObject({ code: 0 });
    const request = CommitStatusRequest.encode({ channelId: running.channel, transactionId: 'ab'.repeat(32) });
    const unsigned = SignedRequest.encode({ request, signature: Buffer.alloc(8) });
    expect(await callRaw(running.client('A'), '/gateway.Gateway/CommitStatus', unsigned)).toMatchObject({
      code: status.PERMISSION_DENIED,
      text: "Failed evaluating policy on signed data during check policy on channel [probes] with policy [/Channel/Application/Readers]: [implicit policy evaluation failed - 0 sub-policies were satisfied, but this policy requires 1 of the 'Readers' sub-policies to be satisfied]",
    });
  });
});

describe('chaincode events', () => {
  test('resume after a transaction and come in order', async () => {
    const statuses = [await commit('upd', 'e', '1'), await commit('upd', 'e', '2'), await commit('upd', 'e', '3')];
    const [first] = statuses;
    const checkpoint = { getBlockNumber: () => first!.blockNumber, getTransactionId: () => first!.transactionId };
    const events: ChaincodeEvent[] = await take(await network.getChaincodeEvents('probe', { checkpoint }), 2);
    expect(events.map(({ transactionId }) => transactionId)).toEqual(
      statuses.slice(1).map((each) => each.transactionId),
    );
    expect(events.map(({ eventName, payload }) => `${eventName} ${text(payload)}`)).toEqual(['upd e', 'upd e']);
  });

  test('of an unknown channel are refused', async () => {
    const events = await running.gateway('A').getNetwork('nochan').getChaincodeEvents('probe');
    const error = await take(events, 1).catch((cause: unknown) => cause as GatewayError);
    expect(error).toBeInstanceOf(GatewayError);
    expect((error as GatewayError).cause.details).toBe('Failed to get policy manager for channel [nochan]');
  });
});

describe('blocks', () => {
  test('form a chain from the given genesis block, each with its data hash', async () => {
    await commit('put', 'chain', '1');
    const blocks = await take(await network.getBlockEvents({ startBlock: 0n }), Number(running.ledger.height));
    const read = blocks.map((block) => readBlock(Buffer.from(block.serializeBinary())));
    read.forEach(({ header, transactions }, number) => {
      expect(header.number).toBe(number);
      expect(header.dataHash.equals(sha256(...transactions.map(({ bytes }) => bytes)))).toBe(true);
      if (number > 0) expect(header.previousHash.equals(headerHash(read[number - 1]!.header))).toBe(true);
    });
  });

  test('filtered, show ids, codes and events without what they carry', async () => {
    const { blockNumber, transactionId } = await commit('upd', 'f', '1');
    const [block] = await take(await network.getFilteredBlockEvents({ startBlock: blockNumber }), 1);
    const found = block!.getFilteredTransactionsList().find((each) => each.getTxid() === transactionId)!;
    const event = found.getTransactionActions()!.getChaincodeActionsList()[0]!.getChaincodeEvent()!;
    expect([found.getType(), found.getTxValidationCode()]).toEqual([3, 0]);
    expect([event.getEventName(), event.getChaincodeId(), event.getPayload_asU8().length]).toEqual(['upd', 'probe', 0]);
    expect(block!.getChannelId()).toBe(running.channel);
  });

  test('from beyond the height are not found, from the height on are waited for', async () => {
    const beyond = take(await network.getBlockEvents({ startBlock: 100_000_000n }), 1);
    await expect(beyond).rejects.toThrow('Unexpected status response: 404');
    const waiting = take(await network.getBlockEvents({ startBlock: BigInt(running.ledger.height) }), 1);
    const { blockNumber } = await commit('put', 'next', '1');
    expect((await waiting)[0]!.getHeader()!.getNumber()).toBe(Number(blockNumber));
  });

  test('are read through qscc, whose refusals are those of a real peer', async () => {
    const { transactionId } = await commit('put', 'q', '1');
    const qscc = network.getContract('qscc');
    const found = await qscc.evaluateTransaction('GetTransactionByID', running.channel, transactionId);
    expect(found.length).toBeGreaterThan(1000);
    const refused = async (...args: [string, ...string[]]): Promise<string> =>
      qscc.evaluateTransaction(...args).then(
        () => 'answered',
        (cause: GatewayError) => cause.cause.details,
      );
    const prefix = 'evaluate call to endorser returned error: chaincode response 500, ';
    expect(await refused('GetTransactionByID', running.channel, 'ab')).toBe(
      `${prefix}Failed to get transaction with id ab, error no such transaction ID [ab] in index`,
    );
    expect(await refused('GetBlockByNumber', running.channel, '99999999')).toBe(
      `${prefix}Failed to get block number 99999999, error no such block number [99999999] in index`,
    );
    expect(await refused('Nope', running.channel)).toBe(`${prefix}missing 3rd argument for Nope`);
    const answer = await qscc
      .newProposal('GetChainInfo', { arguments: [running.channel], endorsingOrganizations: ['B'] })
      .endorse();
    expect(answer.getResult().length).toBeGreaterThan(60);
  });
});
