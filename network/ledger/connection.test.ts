import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { connectLedger, type Ledger } from './index.ts';
import { type OfflineOrganization, offlineOrganization, offlineTransaction } from './testing/offline-channel.ts';
import { answer, type ScriptedPeer, startScriptedPeer } from './testing/scripted-peer.ts';

const now = new Date('2026-11-22T12:00:00Z');
let a: OfflineOrganization;
const open: AsyncDisposable[] = [];

beforeAll(async () => {
  a = await offlineOrganization('OrgAMSP', now);
});
afterEach(async () => {
  for (const one of open.splice(0).toReversed()) await one[Symbol.asyncDispose]();
});

/** A peer that takes every transaction into the block of its own number. */
async function peer(block: number): Promise<ScriptedPeer> {
  const started = await startScriptedPeer(a, {
    endorse: () => answer(offlineTransaction({ creator: a.client, endorsers: [a.peer], now }).envelope),
    submit: () => answer(undefined),
    commitStatus: () => answer({ result: 0, blockNumber: block }),
  });
  open.push(started);
  return started;
}

function connect(...peerAddress: string[]): Ledger {
  const ledger = connectLedger({
    peerAddress,
    tlsRoots: [a.roots.tlsRootCertificate],
    tlsServerName: 'localhost',
    identity: { mspId: 'OrgAMSP', certificate: a.client.certificate, privateKey: a.clientKey },
    channel: 'offline',
    chaincode: 'dcloud',
    readRefusal: () => undefined,
  });
  open.push(ledger);
  return ledger;
}

const block = async (ledger: Ledger) => (await ledger.submit('ask', [])).blockNumber;

/** An address at which nobody listens any more. */
async function deserted(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return `127.0.0.1:${port}`;
}

describe('an organization with two peers', () => {
  test('is asked at the first while that answers', async () => {
    const [first, second] = [await peer(1), await peer(2)];
    const ledger = connect(first.address, second.address);
    expect([await block(ledger), await block(ledger)]).toEqual([1, 1]);
  });

  test('is asked at the second when the first is not there', async () => {
    expect(await block(connect(await deserted(), (await peer(2)).address))).toBe(2);
  });

  test('is asked at the second from the moment on when the first goes away, by the same ledger', async () => {
    const [first, second] = [await peer(1), await peer(2)];
    const ledger = connect(first.address, second.address);
    expect(await block(ledger)).toBe(1);
    await first[Symbol.asyncDispose]();
    open.splice(open.indexOf(first), 1);
    expect(await block(ledger)).toBe(2);
  });

  test('names both by addresses, because a name may stand for machines of others', () => {
    expect(() => connect('127.0.0.1:1', 'peer.example:2')).toThrow(
      'of several peers each is named by an IPv4 address, peer.example:2 is not',
    );
  });
});
