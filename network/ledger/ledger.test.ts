import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { connectLedger, type Deadlines, type Fault, type Ledger } from './index.ts';
import {
  type OfflineOrganization,
  offlineBlock,
  offlineGenesis,
  offlineOrganization,
  offlineTransaction,
} from './testing/offline-channel.ts';
import {
  answer,
  codes,
  failure,
  type Script,
  type ScriptedPeer,
  silence,
  startScriptedPeer,
} from './testing/scripted-peer.ts';
import type { Waits } from './waits.ts';

const now = new Date('2026-11-22T12:00:00Z');
class Refused extends Error {}
let a: OfflineOrganization;
let peer: ScriptedPeer | undefined;
let ledger: Ledger | undefined;

beforeAll(async () => {
  a = await offlineOrganization('OrgAMSP', now);
});
afterEach(async () => {
  await ledger?.[Symbol.asyncDispose]();
  await peer?.[Symbol.asyncDispose]();
});

/** Waits that pass at once and are written down. */
function instantWaits() {
  const slept: number[] = [];
  const waits: Waits = {
    now: () => performance.now() + slept.reduce((sum, ms) => sum + ms, 0),
    random: () => 0.5,
    async sleep(ms, signal) {
      slept.push(ms);
      signal?.throwIfAborted();
    },
  };
  return { slept, waits };
}

async function play(script: Script, deadlines: Partial<Deadlines> = {}) {
  const { slept, waits } = instantWaits();
  peer = await startScriptedPeer(a, script);
  ledger = connectLedger({
    peerAddress: peer.address,
    tlsRoots: [a.roots.tlsRootCertificate],
    identity: { mspId: 'OrgAMSP', certificate: a.client.certificate, privateKey: a.clientKey },
    channel: 'offline',
    chaincode: 'dcloud',
    readRefusal: (text) => (text.startsWith('GRANT_EXPIRED: ') ? new Refused(text) : undefined),
    deadlines: { evaluateMs: 5_000, ...deadlines },
    waits,
  });
  return { ledger, slept };
}
const prepared = () => answer(offlineTransaction({ creator: a.client, endorsers: [a.peer], now }).envelope);
const committed = (result = 0) => answer({ result, blockNumber: 7 });
const fine: Script = { endorse: prepared, submit: () => answer(undefined), commitStatus: () => committed() };

describe('submitting', () => {
  test('answers with the block once it is valid there', async () => {
    const { ledger } = await play(fine);
    const { blockNumber, result } = await ledger.submit('ask', []);
    expect({ blockNumber, result: Buffer.from(result).toString() }).toEqual({ blockNumber: 7, result: 'yes' });
  });

  test('endorses again under a new id after a conflict', async () => {
    const ids: string[] = [];
    const { ledger } = await play({
      ...fine,
      endorse(id) {
        ids.push(id);
        return prepared();
      },
      commitStatus: (call) => committed([11, 12, 0][call]),
    });
    await ledger.submit('ask', []);
    expect(new Set(ids).size).toBe(3);
  });

  test('endorses once more where a key got a policy of its own meanwhile, and no more than once', async () => {
    const { ledger } = await play({ ...fine, commitStatus: (call) => committed([10, 0][call]) });
    await expect(ledger.submit('ask', [])).resolves.toMatchObject({ blockNumber: 7 });
    let asked = 0;
    const never = await play({
      ...fine,
      commitStatus: () => {
        asked++;
        return committed(10);
      },
    });
    await expect(never.ledger.submit('ask', [])).rejects.toMatchObject({ kind: 'misconfigured', retryable: false });
    expect(asked).toBe(2);
  });

  test('gives up a hot key in the end, as contended', async () => {
    const { ledger, slept } = await play({ ...fine, commitStatus: () => committed(11) });
    await expect(ledger.submit('ask', [])).rejects.toMatchObject({ kind: 'contended', retryable: true });
    expect(slept).toEqual([25, 50, 100, 200, 400, 800, 1500]);
  });

  test('sends the same envelope again when the orderer cannot be reached', async () => {
    const sent: string[] = [];
    const { ledger } = await play({
      ...fine,
      submit(_id, envelope, call) {
        sent.push(Buffer.from(envelope).toString('hex'));
        return call < 2
          ? failure(codes.UNAVAILABLE, 'no orderers could successfully process transaction')
          : answer(undefined);
      },
    });
    await ledger.submit('ask', []);
    expect(sent).toHaveLength(3);
    expect(new Set(sent).size).toBe(1);
  });

  test('sends the same envelope again when the orderer took it and no block came', async () => {
    const sent: string[] = [];
    const { ledger } = await play(
      {
        ...fine,
        submit(id) {
          sent.push(id);
          return answer(undefined);
        },
        commitStatus: (call) => (call === 0 ? silence : committed()),
      },
      { commitMs: 100 },
    );
    await ledger.submit('ask', []);
    expect(sent).toHaveLength(2);
    expect(new Set(sent).size).toBe(1);
  });

  test('says that the outcome is open when time is up after sending', async () => {
    const { ledger } = await play({ ...fine, commitStatus: () => silence }, { commitMs: 50, totalMs: 300 });
    const fault = await ledger.submit('ask', []).catch((error: unknown) => error as Fault);
    expect(fault).toMatchObject({ kind: 'timeout', transactionId: expect.stringMatching(/^[0-9a-f]{64}$/) });
  });

  test('says that the outcome is open when the second answer is a no and the first was lost', async () => {
    const { ledger } = await play({
      ...fine,
      submit: (_id, _envelope, call) =>
        call === 0
          ? failure(codes.UNAVAILABLE, 'connection dropped')
          : failure(codes.ABORTED, 'received unsuccessful response from orderer: status=FORBIDDEN'),
    });
    const fault = await ledger.submit('ask', []).catch((error: unknown) => error as Fault);
    expect(fault).toMatchObject({ kind: 'misconfigured', retryable: false, transactionId: expect.any(String) });
  });

  test('knows the outcome when an orderer says no at once', async () => {
    const no = failure(codes.ABORTED, 'received unsuccessful response from orderer: status=FORBIDDEN');
    const { ledger } = await play({ ...fine, submit: () => no });
    const fault = await ledger.submit('ask', []).catch((error: unknown) => error as Fault);
    expect(fault).toMatchObject({ kind: 'misconfigured', transactionId: undefined });
  });

  test("throws the chaincode's refusal as its reader made it, and does not ask again", async () => {
    let asked = 0;
    const said = 'chaincode response 500, GRANT_EXPIRED: the grant ended on 1 May';
    const { ledger } = await play({
      endorse() {
        asked += 1;
        return failure(codes.ABORTED, 'failed to endorse transaction, see attached details for more info', said);
      },
    });
    await expect(ledger.submit('ask', [])).rejects.toThrow(new Refused('GRANT_EXPIRED: the grant ended on 1 May'));
    expect(asked).toBe(1);
  });

  test.each([
    ['a chaincode that throws something else', codes.ABORTED, 'chaincode response 500, boom', 'misconfigured'],
    [
      'a revoked certificate',
      codes.ABORTED,
      'error validating proposal: access denied: channel [offline]',
      'misconfigured',
    ],
    [
      'a chaincode that nobody defined',
      codes.FAILED_PRECONDITION,
      'No metadata was found for chaincode x',
      'misconfigured',
    ],
  ])('does not retry %s', async (_name, code, text, kind) => {
    const { ledger, slept } = await play({ endorse: () => failure(code, 'failed to endorse', text) });
    await expect(ledger.submit('ask', [])).rejects.toMatchObject({ kind, retryable: false });
    expect(slept).toEqual([]);
  });

  test('waits out peers that disagree because one of them is behind', async () => {
    const { ledger } = await play({
      ...fine,
      endorse: (_id, call) =>
        call === 0 ? failure(codes.ABORTED, 'failed to collect', 'ProposalResponsePayloads do not match') : prepared(),
    });
    expect((await ledger.submit('ask', [])).blockNumber).toBe(7);
  });

  const unacquainted = failure(
    codes.FAILED_PRECONDITION,
    "no endorsers found in the gateway's organization; retry specifying endorsing organization(s) to protect transient data",
  );

  test('waits until a peer that has just started knows who endorses', async () => {
    const { ledger, slept } = await play({ ...fine, endorse: (_id, call) => (call < 14 ? unacquainted : prepared()) });
    expect((await ledger.submit('ask', [])).blockNumber).toBe(7);
    expect(slept).toHaveLength(14);
  });

  test('says after 20 s that no endorsers are known', async () => {
    const { ledger, slept } = await play({ endorse: () => unacquainted });
    await expect(ledger.submit('ask', [])).rejects.toMatchObject({ kind: 'unavailable', passing: true });
    expect(slept.reduce((sum, ms) => sum + ms, 0)).toBeGreaterThan(18_000);
    expect(slept.reduce((sum, ms) => sum + ms, 0)).toBeLessThan(25_000);
  });

  test('gives up a peer that cannot be reached after eight more attempts', async () => {
    const { ledger, slept } = await play({ endorse: () => failure(codes.UNAVAILABLE, 'connection dropped') });
    await expect(ledger.submit('ask', [])).rejects.toMatchObject({ kind: 'unavailable', passing: false });
    expect(slept).toHaveLength(8);
  });

  test("ends at once with the signal's reason", async () => {
    const { ledger } = await play({ ...fine, commitStatus: () => silence });
    const gone = new Error('the caller went away');
    const controller = new AbortController();
    const submitted = ledger.submit('ask', [], { signal: controller.signal });
    controller.abort(gone);
    await expect(submitted).rejects.toBe(gone);
  });
});

describe('a prepared transaction', () => {
  test('is sent from its bytes alone, as often as one likes', async () => {
    const sent: string[] = [];
    const { ledger } = await play({
      ...fine,
      submit(id) {
        sent.push(id);
        return answer(undefined);
      },
    });
    const { transactionId, envelopeBytes } = await ledger.prepare('ask', []);
    expect(sent).toEqual([]);
    for (let round = 0; round < 2; round++) {
      expect(await ledger.submitPrepared(envelopeBytes)).toMatchObject({ transactionId, blockNumber: 7 });
    }
    expect(sent).toEqual([transactionId, transactionId]);
  });

  test('is refused when its bytes are none', async () => {
    const { ledger } = await play(fine);
    await expect(ledger.submitPrepared(Buffer.from('not a transaction'))).rejects.toMatchObject({ kind: 'corrupt' });
  });

  test('of unknown fate is undefined, not an error', async () => {
    const { ledger } = await play({ commitStatus: () => silence });
    expect(await ledger.statusOf('ab', { waitMs: 50 })).toBeUndefined();
  });
});

describe('reading blocks', () => {
  const chain = (length: number) => {
    const blocks = [offlineGenesis([a], now)];
    for (let n = 1; n < length; n++) {
      const event = { name: `event ${n}`, payload: Buffer.of(n) };
      const { envelope } = offlineTransaction({ creator: a.client, endorsers: [a.peer], event, now });
      blocks.push(
        offlineBlock(blocks.at(-1)!, [envelope, Buffer.from('rubbish')], a.orderer, { codes: Buffer.of(0, 2) }),
      );
    }
    return blocks;
  };
  const read = async (from: Ledger, count: number, onInterruption: () => void = () => {}) => {
    const numbers: number[] = [];
    for await (const block of from.blocks({ startBlock: 0, onInterruption })) {
      numbers.push(block.number);
      if (numbers.length === count) break;
    }
    return numbers;
  };

  test('goes on after every interruption with no gap and no duplicate', async () => {
    const blocks = chain(5);
    const ends = ['break', 'status 404', 'break', 'wait'] as const;
    const starts = [0, 2, 2, 4];
    const { ledger } = await play({
      deliver: (call) => ({ blocks: blocks.slice(starts[call], [2, 2, 4, 5][call]), end: ends[call]! }),
    });
    let interruptions = 0;
    expect(await read(ledger, 5, () => interruptions++)).toEqual([0, 1, 2, 3, 4]);
    expect(interruptions).toBe(3);
  });

  test('refuses a peer that comes back with another history', async () => {
    const [first, second] = [chain(3), chain(3)];
    const { ledger } = await play({
      deliver: (call) =>
        call === 0 ? { blocks: first.slice(0, 2), end: 'break' } : { blocks: second.slice(2), end: 'wait' },
    });
    await expect(read(ledger, 3)).rejects.toMatchObject({ kind: 'corrupt' });
  });

  test('refuses a gap', async () => {
    const blocks = chain(3);
    const { ledger } = await play({ deliver: () => ({ blocks: [blocks[0]!, blocks[2]!], end: 'wait' }) });
    await expect(read(ledger, 3)).rejects.toThrow('delivered block 2 where 1 follows');
  });

  test('ends with a fault when this identity may not read', async () => {
    const { ledger } = await play({ deliver: () => ({ blocks: [], end: 'status 403' }) });
    await expect(read(ledger, 1)).rejects.toMatchObject({ kind: 'misconfigured' });
  });

  test('shows transactions, events and rubbish for what they are', async () => {
    const blocks = chain(2);
    const { ledger } = await play({ deliver: () => ({ blocks, end: 'wait' }) });
    for await (const { number, transactions } of ledger.blocks({ startBlock: 0 })) {
      if (number === 0) expect(transactions).toMatchObject([{ kind: 'configuration' }]);
      if (number === 0) continue;
      expect(transactions).toMatchObject([
        {
          kind: 'transaction',
          validationCode: 0,
          creatorMspId: 'OrgAMSP',
          function: 'ask',
          endorserMspIds: ['OrgAMSP'],
        },
        { kind: 'unreadable', validationCode: 2, id: '' },
      ]);
      break;
    }
  });

  test('gives events after a position once each', async () => {
    const blocks = chain(4);
    const { ledger } = await play({ deliver: () => ({ blocks: blocks.slice(1), end: 'wait' }) });
    const names: string[] = [];
    let after = '';
    for await (const { name, transactionId } of ledger.chaincodeEvents({ startBlock: 1 })) {
      names.push(name);
      after ||= transactionId;
      if (names.length === 3) break;
    }
    expect(names).toEqual(['event 1', 'event 2', 'event 3']);
    for await (const { name } of ledger.chaincodeEvents({ startBlock: 1, afterTransaction: after })) {
      expect(name).toBe('event 2');
      break;
    }
  });
});
