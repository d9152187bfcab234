import { createHash } from 'node:crypto';
import { signatory } from '@d-cloud/network/ledger';
import { status } from '@grpc/grpc-js';
import { type ChaincodeEvent, GatewayError } from '@hyperledger/fabric-gateway';
import { expect, test } from '@jest/globals';
import { commit, take, text } from './answers.ts';
import type { Stage } from './conformance.ts';
import { differences } from './differences.ts';
import { callRaw, field } from './raw-calls.ts';

export function eventStories(stage: () => Stage): void {
  const probe = () => stage().contract('A');
  const network = () => stage().network('A');

  test('chaincode events resume after a transaction and come in order', async () => {
    const statuses = [];
    for (const value of ['1', '2', '3']) statuses.push(await commit(probe(), 'upd', ['e', value]));
    const [first] = statuses;
    const checkpoint = { getBlockNumber: () => first!.blockNumber, getTransactionId: () => first!.transactionId };
    const events: ChaincodeEvent[] = await take(await network().getChaincodeEvents('probe', { checkpoint }), 2);
    expect(events.map(({ transactionId }) => transactionId)).toEqual(
      statuses.slice(1).map((each) => each.transactionId),
    );
    expect(events.map(({ eventName, payload }) => `${eventName} ${text(payload)}`)).toEqual(['upd e', 'upd e']);
  });

  test('chaincode events of an unknown channel are refused', async () => {
    const events = await stage().consortium.gateway('A').getNetwork('nochan').getChaincodeEvents('probe');
    const error = await take(events, 1).catch((cause: unknown) => cause as GatewayError);
    expect(error).toBeInstanceOf(GatewayError);
    expect((error as GatewayError).code).toBe(status.PERMISSION_DENIED);
    expect((error as GatewayError).cause.details).toBe('Failed to get policy manager for channel [nochan]');
  });

  test('the status of a transaction is told to channel members only', async () => {
    const { channel } = stage().consortium;
    const { mspId, signer } = stage().consortium.identity('A');
    const { creator } = signatory({ mspId, certificate: signer.certificate, privateKey: signer.key });
    const request = Buffer.concat([field(1, 'ab'.repeat(32)), field(2, channel), field(3, creator)]);
    const unsigned = Buffer.concat([field(1, request), field(2, Buffer.alloc(8))]);
    const client = stage().consortium.client('A');
    expect(await callRaw(client, '/gateway.Gateway/CommitStatus', unsigned)).toEqual({
      code: status.PERMISSION_DENIED,
      text: "Failed evaluating policy on signed data during check policy on channel [probes] with policy [/Channel/Application/Readers]: [implicit policy evaluation failed - 0 sub-policies were satisfied, but this policy requires 1 of the 'Readers' sub-policies to be satisfied]",
    });
  });

  test('the status of a transaction is not told to nobody', async () => {
    const request = Buffer.concat([field(1, 'ab'.repeat(32)), field(2, stage().consortium.channel)]);
    const unsigned = Buffer.concat([field(1, request), field(2, Buffer.alloc(8))]);
    const ended = await callRaw(stage().consortium.client('A'), '/gateway.Gateway/CommitStatus', unsigned);
    expect(ended.code).toBe(differences[stage().consortium.generation].commitStatusWithoutIdentity);
  });

  test('blocks form a chain from the genesis block, each with its data hash and a code for each transaction', async () => {
    const { blockNumber } = await commit(probe(), 'put', ['chain', '1']);
    const ledger = stage().consortium.ledger('A');
    let before: Uint8Array | undefined;
    for await (const block of ledger.blocks({ startBlock: 0 })) {
      if (before !== undefined) expect(Buffer.from(block.previousHash)).toEqual(Buffer.from(before));
      for (const { validationCode, id } of block.transactions) {
        expect(validationCode).toBeGreaterThanOrEqual(0);
        expect(id).toMatch(/^[0-9a-f]{64}$/);
      }
      before = block.hash;
      if (block.number === Number(blockNumber)) break;
    }
  });

  test('the data hash of a block is that of its envelopes', async () => {
    const { blockNumber } = await commit(probe(), 'put', ['data-hash', '1']);
    const [block] = await take(await network().getBlockEvents({ startBlock: blockNumber }), 1);
    const digest = createHash('sha256');
    for (const envelope of block!.getData()!.getDataList_asU8()) digest.update(envelope);
    expect(Buffer.from(block!.getHeader()!.getDataHash_asU8())).toEqual(digest.digest());
    expect(block!.getMetadata()!.getMetadataList_asU8()).toHaveLength(5);
  });

  test('filtered blocks show ids, codes and events without what they carry', async () => {
    const { blockNumber, transactionId } = await commit(probe(), 'upd', ['f', '1']);
    const [block] = await take(await network().getFilteredBlockEvents({ startBlock: blockNumber }), 1);
    const found = block!.getFilteredTransactionsList().find((each) => each.getTxid() === transactionId)!;
    const event = found.getTransactionActions()!.getChaincodeActionsList()[0]!.getChaincodeEvent()!;
    expect([found.getType(), found.getTxValidationCode()]).toEqual([3, 0]);
    expect([event.getEventName(), event.getChaincodeId(), event.getPayload_asU8().length]).toEqual(['upd', 'probe', 0]);
    expect(block!.getChannelId()).toBe(stage().consortium.channel);
  });

  test('blocks from beyond the height are not found, from the height on are waited for', async () => {
    const beyond = take(await network().getBlockEvents({ startBlock: 100_000_000n }), 1);
    await expect(beyond).rejects.toThrow('Unexpected status response: 404');
    const height = await stage().consortium.ledger('A').height();
    const waiting = take(await network().getBlockEvents({ startBlock: BigInt(height) }), 1);
    const { blockNumber } = await commit(probe(), 'put', ['next', '1']);
    expect((await waiting)[0]!.getHeader()!.getNumber()).toBe(Number(blockNumber));
  });

  test('qscc answers, and refuses in its own words', async () => {
    const { channel } = stage().consortium;
    const { transactionId } = await commit(probe(), 'put', ['q', '1']);
    const qscc = network().getContract('qscc');
    const found = await qscc.evaluateTransaction('GetTransactionByID', channel, transactionId);
    expect(found.length).toBeGreaterThan(1000);
    const refused = async (...args: [string, ...string[]]): Promise<string> =>
      qscc.evaluateTransaction(...args).then(
        () => 'answered',
        (cause: GatewayError) => cause.cause.details,
      );
    const prefix = 'evaluate call to endorser returned error: chaincode response 500, ';
    expect(await refused('GetTransactionByID', channel, 'ab')).toBe(
      `${prefix}Failed to get transaction with id ab, error no such transaction ID [ab] in index`,
    );
    expect(await refused('GetBlockByNumber', channel, '99999999')).toBe(
      `${prefix}Failed to get block number 99999999, error no such block number [99999999] in index`,
    );
    expect(await refused('Nope', channel)).toBe(`${prefix}missing 3rd argument for Nope`);
  });
}
