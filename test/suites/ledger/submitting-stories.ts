import { generateKeyPairSync } from 'node:crypto';
import { signLowS } from '@d-cloud/network/ledger';
import { type Commit, connect, hash, type Signable } from '@hyperledger/fabric-gateway';
import { describe, expect, test } from '@jest/globals';
import { until } from '../../support/until.ts';
import { commit, failure, take, text } from './answers.ts';
import type { Stage } from './conformance.ts';

export function submittingStories(stage: () => Stage): void {
  const probe = () => stage().contract('A');

  test('a submitted value can be evaluated at every organization', async () => {
    expect(text(await probe().submitTransaction('put', 'k', 'v'))).toBe('ok');
    for (const member of ['B', 'C'] as const) {
      const read = () =>
        stage()
          .contract(member)
          .evaluate('get', { arguments: ['k'], endorsingOrganizations: [member] });
      // Peers commit one after the other.
      await until(`${member} to have it`, async () => text(await read()) === 'v');
    }
  });

  test('a read after a write gives the committed value', async () => {
    await probe().submitTransaction('put', 'ryw', 'old');
    expect(text(await probe().submitTransaction('ryw', 'ryw', 'new'))).toBe('old');
    expect(text(await probe().evaluateTransaction('get', 'ryw'))).toBe('new');
  });

  test('history is newest first, and pages end with an empty bookmark', async () => {
    await probe().submitTransaction('put', 'h', 'a');
    await probe().submitTransaction('put', 'h', 'b');
    await probe().submitTransaction('del', 'h');
    const history = JSON.parse(text(await probe().evaluateTransaction('hist', 'h')));
    expect(history).toEqual([
      [true, ''],
      [false, 'b'],
      [false, 'a'],
    ]);
    for (const key of ['p1', 'p2', 'p3']) await probe().submitTransaction('put', key, key);
    const first = JSON.parse(text(await probe().evaluateTransaction('page', 'p1', 'p9', '2', '')));
    expect(first).toEqual({ keys: ['p1', 'p2'], fetched: 2, bookmark: 'p3' });
    const second = JSON.parse(text(await probe().evaluateTransaction('page', 'p1', 'p9', '2', 'p3')));
    expect(second).toEqual({ keys: ['p3'], fetched: 1, bookmark: '' });
  });

  test('a range longer than one answer arrives whole', async () => {
    const keys = Array.from({ length: 130 }, (_, at) => `range-${String(at).padStart(3, '0')}`);
    await Promise.all(keys.map((key) => probe().submitTransaction('put', key, 'x')));
    expect(text(await probe().evaluateTransaction('count', 'range-', 'range-~'))).toBe('130');
  });

  test('a range is in the order of UTF-8 bytes', async () => {
    const keys = ['order-\u{10000}', 'order-\uFF5E', 'order-z'];
    for (const key of keys) await probe().submitTransaction('put', key, 'x');
    const page = JSON.parse(text(await probe().evaluateTransaction('page', 'order-', 'order-\u{10FFFF}', '9', '')));
    expect(page.keys).toEqual(keys.toReversed());
  });

  test('values and results of megabytes pass', async () => {
    const value = 'v'.repeat(3_000_000);
    await probe().submitTransaction('put', 'large', value);
    expect(text(await probe().evaluateTransaction('get', 'large'))).toBe(value);
    expect((await probe().evaluateTransaction('big', '5000000')).length).toBe(5_000_000);
  });

  test('chaincode calls chaincode in the same transaction', async () => {
    const both = { arguments: ['any', 'put', 'cc', 'v'], endorsingOrganizations: ['A', 'B'] };
    expect(text(await probe().submit('call', both))).toBe('200 ok ');
    expect(text(await stage().contract('A', 'any').evaluateTransaction('get', 'cc'))).toBe('v');
    expect(text(await probe().evaluateTransaction('call', 'any', 'fail', 'inner'))).toBe('500  inner');
  });

  test("the gateway asks for the called chaincode's endorsers only, and the caller's own policy then fails", async () => {
    expect((await commit(probe(), 'call', ['any', 'put', 'cc', 'v'])).code).toBe(10);
  });

  describe('a gateway that has no key', () => {
    const offline = () => {
      const { consortium } = stage();
      const { mspId, signer } = consortium.identity('A');
      const identity = { mspId, credentials: Buffer.from(signer.certificate) };
      const gateway = connect({ client: consortium.client('A'), identity, hash: hash.none });
      return { gateway, network: gateway.getNetwork(consortium.channel) };
    };
    /** What the owner of the key does with the bytes that it was handed. */
    const signed = (request: Signable): [Uint8Array, Uint8Array] => {
      const { key } = stage().consortium.identity('A').signer;
      return [request.getBytes(), signLowS(key, request.getDigest())];
    };
    const signedByAnother = (request: Signable): [Uint8Array, Uint8Array] => {
      const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
      return [request.getBytes(), signLowS(stranger, request.getDigest())];
    };
    /** Submits what was signed elsewhere, up to the question what became of it. */
    const submitted = async (value: string): Promise<Commit> => {
      const { gateway, network } = offline();
      const asked = network.getContract('probe').newProposal('upd', { arguments: ['offline', value] });
      const endorsed = await gateway.newSignedProposal(...signed(asked)).endorse();
      return gateway.newSignedTransaction(...signed(endorsed)).submit();
    };

    test('carries a proposal, a transaction and the questions for its status and events, each signed elsewhere', async () => {
      const { gateway, network } = offline();
      const question = await submitted('1');
      const { code, blockNumber, transactionId } = await gateway.newSignedCommit(...signed(question)).getStatus();
      expect([code, transactionId]).toEqual([0, question.getTransactionId()]);
      const evaluated = network.getContract('probe').newProposal('get', { arguments: ['offline'] });
      expect(text(await gateway.newSignedProposal(...signed(evaluated)).evaluate())).toMatch(/^1\d$/);

      const startBlock = blockNumber;
      const events = network.newChaincodeEventsRequest('probe', { startBlock });
      const [event] = await take(await gateway.newSignedChaincodeEventsRequest(...signed(events)).getEvents(), 1);
      expect(event).toMatchObject({ blockNumber, transactionId, eventName: 'upd', chaincodeName: 'probe' });
      const blocks = network.newBlockEventsRequest({ startBlock });
      const [block] = await take(await gateway.newSignedBlockEventsRequest(...signed(blocks)).getEvents(), 1);
      const filtered = network.newFilteredBlockEventsRequest({ startBlock });
      const [brief] = await take(await gateway.newSignedFilteredBlockEventsRequest(...signed(filtered)).getEvents(), 1);
      const whole = network.newBlockAndPrivateDataEventsRequest({ startBlock });
      const asking = gateway.newSignedBlockAndPrivateDataEventsRequest(...signed(whole));
      const [full] = await take(await asking.getEvents(), 1);
      const number = Number(blockNumber);
      expect([block!.getHeader()!.getNumber(), brief!.getNumber(), full!.getBlock()!.getHeader()!.getNumber()]).toEqual(
        [number, number, number],
      );
    });

    test('gets nowhere with what is not signed', async () => {
      const { gateway, network } = offline();
      const nobody = 'No signing implementation';
      const asked = network.getContract('probe').newProposal('upd', { arguments: ['offline', '2'] });
      await expect(asked.endorse()).rejects.toThrow(nobody);
      await expect(asked.evaluate()).rejects.toThrow(nobody);
      await expect((await gateway.newSignedProposal(...signed(asked)).endorse()).submit()).rejects.toThrow(nobody);
      await expect((await submitted('2')).getStatus()).rejects.toThrow(nobody);
      await expect(network.getChaincodeEvents('probe')).rejects.toThrow(nobody);
    });

    test('gets nowhere with what another key signed', async () => {
      const { gateway, network } = offline();
      const asked = network.getContract('probe').newProposal('upd', { arguments: ['offline', '3'] });
      expect((await failure(gateway.newSignedProposal(...signedByAnother(asked)).endorse())).details).toEqual([
        'A: error validating proposal: access denied: channel [probes] creator org [A]',
      ]);
      const question = await submitted('3');
      expect(await failure(gateway.newSignedCommit(...signedByAnother(question)).getStatus())).toMatchObject({
        code: 'PERMISSION_DENIED',
      });
      const events = network.newChaincodeEventsRequest('probe');
      const reading = await gateway.newSignedChaincodeEventsRequest(...signedByAnother(events)).getEvents();
      expect(await failure(take(reading, 1))).toMatchObject({ code: 'PERMISSION_DENIED' });
    });
  });
}
