import { readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { type Member, ProbeNetwork } from '../embedded/ledger/testing/probe-network.ts';
import { connectLedger, type Fault, type Ledger } from './index.ts';
import {
  answeredTransaction,
  blockHash,
  configAt,
  parseBlock,
  verifyAnswer,
  verifyBlock,
  verifyConfigChain,
  verifyTransaction,
} from './verify/index.ts';

class Refused extends Error {}
let network: ProbeNetwork;
const open: Ledger[] = [];

beforeAll(async () => {
  network = await ProbeNetwork.start([{ name: 'probe' }]);
});
afterAll(() => network[Symbol.asyncDispose]());
afterEach(async () => {
  for (const ledger of open.splice(0)) await ledger[Symbol.asyncDispose]();
});

function connect(member: Member, name = 'gateway', mspId: string = member): Ledger {
  const { signer, tlsRoot } = network.identity(member, name);
  const ledger = connectLedger({
    peerAddress: network.ledger.addresses[member]!,
    tlsRoots: [tlsRoot],
    identity: { mspId, certificate: signer.certificate, privateKey: signer.key },
    channel: network.channel,
    chaincode: 'probe',
    readRefusal: (text) => (/^[A-Z_]+: /.test(text) ? new Refused(text) : undefined),
    deadlines: { totalMs: 20_000, commitMs: 5_000 },
  });
  open.push(ledger);
  return ledger;
}
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();

describe('the ledger client on the embedded ledger', () => {
  test('submits, and every organization reads it', async () => {
    const submitted = await connect('A').submit('put', ['k', 'v']);
    expect(text(submitted.result)).toBe('ok');
    for (const member of ['A', 'B', 'C'] as const) {
      const ledger = connect(member);
      expect(text(await ledger.evaluate('get', ['k'], { endorsingOrganizations: [member] }))).toBe('v');
      expect(await ledger.statusOf(submitted.transactionId)).toMatchObject({
        valid: true,
        blockNumber: submitted.blockNumber,
      });
    }
  });

  test("throws the chaincode's refusal, whether asked or submitted", async () => {
    const ledger = connect('B');
    const refused = new Refused('GRANT_EXPIRED: it ended in May');
    await expect(ledger.submit('fail', [refused.message])).rejects.toEqual(refused);
    await expect(ledger.evaluate('fail', [refused.message])).rejects.toEqual(refused);
    await expect(ledger.submit('fail', ['boom'])).rejects.toMatchObject({ kind: 'misconfigured' });
  });

  test('gets twelve writers of one key through, each having seen the one before', async () => {
    const [a, b, c] = [connect('A'), connect('B'), connect('C')];
    const all = Array.from({ length: 12 }, (_, n) => [a, b, c][n % 3]!.submit('upd', ['hot', 'x']));
    const lengths = (await Promise.all(all)).map(({ result }) => text(result));
    expect(lengths.filter((before) => before === '')).toHaveLength(1);
  });

  test('says that endorsers disagree', async () => {
    const disagreed = await connect('A')
      .submit('nondet', ['n'])
      .catch((error: unknown) => error as Fault);
    expect(disagreed).toMatchObject({ kind: 'disagreed' });
  });

  test('sends prepared bytes once in effect, even after the ledger was started again', async () => {
    const before = connect('A');
    const { envelopeBytes, transactionId } = await before.prepare('put', ['prepared', '1']);
    expect(await before.statusOf(transactionId, { waitMs: 100 })).toBeUndefined();
    await network.restart();
    const after = connect('A');
    const first = await after.submitPrepared(envelopeBytes);
    const second = await after.submitPrepared(envelopeBytes);
    expect([first.transactionId, second.blockNumber]).toEqual([transactionId, first.blockNumber]);
  });

  test('refuses a stranger, and somebody who takes another MSP id', async () => {
    await expect(connect('A', 'gateway', 'B').evaluate('get', ['k'])).rejects.toMatchObject({ kind: 'misconfigured' });
  });

  test('carries results beyond four megabytes', async () => {
    expect(await connect('A').evaluate('big', [String(5 << 20)])).toHaveLength(5 << 20);
  });

  test('reads all blocks and events from any position', async () => {
    const ledger = connect('C');
    const height = await ledger.height();
    const ids: string[] = [];
    for await (const { number, transactions } of ledger.blocks({ startBlock: 0 })) {
      ids.push(...transactions.map(({ id }) => id));
      if (number === height - 1) break;
    }
    expect(ids.length).toBeGreaterThanOrEqual(height);
    const events: string[] = [];
    for await (const { name, payload } of ledger.chaincodeEvents({ startBlock: 0 })) {
      events.push(`${name} ${text(payload)}`);
      if (events.length === 12) break;
    }
    expect(new Set(events)).toEqual(new Set(['upd hot']));
  });
});

describe('evidence from the embedded ledger', () => {
  test('is verified offline from the pinned genesis block', async () => {
    const ledger = connect('A');
    const genesis = await readFile(network.config.genesisBlock!);
    const pinned = blockHash(parseBlock(genesis).header);
    const { transactionId, blockNumber } = await ledger.submit('put', ['evidence', '1']);
    const config = configAt(verifyConfigChain(pinned, await ledger.configBlocks('newest')), blockNumber);
    const block = verifyBlock(await ledger.blockBytes(blockNumber), config);
    const place = block.envelopes.findIndex(
      (envelope) => verifyTransaction(envelope, config).transaction.id === transactionId,
    );
    expect(block.validationCodes[place]).toBe(0);
    expect(verifyTransaction(block.envelopes[place]!, config).endorsers.length).toBeGreaterThanOrEqual(2);
    for (const organization of ['A', 'B', 'C']) {
      const answer = verifyAnswer(
        await ledger.endorsedAnswer('GetTransactionByID', [transactionId], { organization }),
        config,
      );
      const answered = answeredTransaction(answer);
      expect(answered).toMatchObject({ organization, transactionId, validationCode: 0 });
      expect(Buffer.compare(answered.envelope, block.envelopes[place]!)).toBe(0);
      const whole = await ledger.endorsedAnswer('GetBlockByNumber', [String(blockNumber)], { organization });
      expect(verifyBlock(verifyAnswer(whole, config).payload, config).validationCodes).toEqual(block.validationCodes);
    }
  });

  test('cannot be had of what is not there', async () => {
    const asked = connect('A').endorsedAnswer('GetTransactionByID', ['ab'], { organization: 'B' });
    await expect(asked).rejects.toMatchObject({ kind: 'unavailable' });
  });
});
