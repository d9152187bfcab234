import { createServer, type Server as HttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import {
  type OfflineOrganization,
  offlineBlock,
  offlineGenesis,
  offlineOrganization,
} from '../../ledger/testing/offline-channel.ts';
import { parseBlock } from '../../ledger/verify/block-hash.ts';
import { issueTls } from '../certificates/authority.ts';
import { keyPem } from '../certificates/key-pair.ts';
import { type ScriptedNode, startScriptedNode } from '../testing/scripted-node.ts';
import {
  ask,
  broadcast,
  channelInfo,
  fetchConfigBlock,
  joinOrderer,
  joinPeer,
  leaveOrderer,
  listChannels,
} from './index.ts';

const now = new Date('2026-11-22T12:00:00Z');
let a: OfflineOrganization;
let genesis: Uint8Array;
const closing: (() => void)[] = [];

beforeAll(async () => {
  a = await offlineOrganization('AMSP', new Date());
  genesis = offlineGenesis([a], now);
});
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

type Answer = { status: number; body?: unknown };

/** An orderer's administration endpoint that answers as told, over TLS with client certificates. */
async function startOrdererAdmin(answer: (method: string, path: string, body: Buffer) => Answer) {
  const tls = { key: keyPem(a.tls.key), cert: a.tls.certificate, ca: a.tlsAuthority.certificate };
  const server: HttpsServer = createServer(
    { ...tls, requestCert: true, rejectUnauthorized: true },
    (request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        const { status, body } = answer(request.method ?? '', request.url ?? '', Buffer.concat(parts));
        response.writeHead(status).end(body === undefined ? undefined : JSON.stringify(body));
      });
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => server.close());
  const client = await issueTls(a.tlsAuthority, { name: 'admin', hosts: [], now: new Date() });
  return {
    address: `localhost:${(server.address() as AddressInfo).port}`,
    tlsRoots: [a.tlsAuthority.certificate],
    certificate: client.certificate,
    key: keyPem(client.key),
  };
}

describe('channel participation', () => {
  const info = { name: 'offline', url: '/x', consensusRelation: 'consenter', status: 'active', height: 1 };

  test('sends the block whole, and a channel that is joined already is fine', async () => {
    const joined: Buffer[] = [];
    const admin = await startOrdererAdmin((method, path, body) => {
      if (method === 'GET') return { status: 200, body: info };
      expect([method, path]).toEqual(['POST', '/participation/v1/channels']);
      joined.push(body);
      return joined.length === 1
        ? { status: 201, body: info }
        : { status: 405, body: { error: 'channel already exists' } };
    });
    expect(await joinOrderer(admin, 'offline', genesis)).toMatchObject({ status: 'active', height: 1 });
    expect(await joinOrderer(admin, 'offline', genesis)).toMatchObject({ consensusRelation: 'consenter' });
    expect(joined[0]!.includes(Buffer.from(genesis))).toBe(true);
  });

  test("says the orderer's reason when it refuses", async () => {
    const admin = await startOrdererAdmin(() => ({ status: 400, body: { error: 'invalid join block: no MSP' } }));
    await expect(joinOrderer(admin, 'offline', genesis)).rejects.toThrow('invalid join block: no MSP (HTTP 400)');
    await expect(listChannels(admin)).rejects.toMatchObject({ kind: 'misconfigured' });
  });

  test('knows channels that are not there, and leaves them without complaint', async () => {
    const admin = await startOrdererAdmin(() => ({ status: 404 }));
    expect(await channelInfo(admin, 'nowhere')).toBeUndefined();
    await expect(leaveOrderer(admin, 'nowhere')).resolves.toBeUndefined();
  });

  test('lists channels, also where there are none', async () => {
    const none = await startOrdererAdmin(() => ({ status: 200, body: { systemChannel: null, channels: null } }));
    expect(await listChannels(none)).toEqual([]);
    const one = await startOrdererAdmin(() => ({ status: 200, body: { channels: [{ name: 'offline', url: '/x' }] } }));
    expect(await listChannels(one)).toEqual(['offline']);
  });

  test('does not take a stranger on the port for the orderer, nor is taken for the admin without a certificate', async () => {
    const admin = await startOrdererAdmin(() => ({ status: 200, body: { channels: [] } }));
    const other = await offlineOrganization('BMSP', new Date());
    await expect(listChannels({ ...admin, tlsRoots: [other.tlsAuthority.certificate] })).rejects.toMatchObject({
      kind: 'unavailable',
    });
    const strange = await issueTls(other.tlsAuthority, { name: 'admin', hosts: [], now: new Date() });
    const stranger = { ...admin, certificate: strange.certificate, key: keyPem(strange.key) };
    await expect(listChannels(stranger)).rejects.toMatchObject({ kind: 'unavailable' });
  });
});

const connect = async (script: ScriptedNode) => {
  const node = await startScriptedNode(a, script);
  closing.push(node.close);
  return node.connection;
};

describe('an orderer', () => {
  test('is sent an envelope, and its no is told with its reason', async () => {
    const sent: string[] = [];
    const orderer = await connect({
      broadcast(envelope) {
        sent.push(envelope.toString());
        return sent.length === 1 ? { status: 200, info: '' } : { status: 400, info: 'too few signatures' };
      },
    });
    await broadcast(orderer, Buffer.from('envelope'));
    await expect(broadcast(orderer, Buffer.from('again'))).rejects.toThrow('BAD_REQUEST: too few signatures');
    expect(sent).toEqual(['envelope', 'again']);
  });

  test('without a leader may be asked again', async () => {
    const orderer = await connect({ broadcast: () => ({ status: 503, info: 'no Raft leader' }) });
    await expect(broadcast(orderer, Buffer.from('x'))).rejects.toMatchObject({ kind: 'unavailable', retryable: true });
  });

  test('shows the newest config block that the newest block names', async () => {
    const blocks = [genesis];
    for (let n = 0; n < 3; n++) blocks.push(offlineBlock(blocks.at(-1)!, [], a.orderer, { lastConfig: 1 }));
    const asked: unknown[] = [];
    const orderer = await connect({
      deliver(place) {
        asked.push(place);
        return place === 'newest' ? blocks.at(-1)! : (blocks[place] ?? 404);
      },
    });
    expect(parseBlock(await fetchConfigBlock(orderer, 'offline')).header.number).toBe(1);
    expect(asked).toEqual(['newest', 1]);
  });

  test('that lets an outsider read nothing says so', async () => {
    const orderer = await connect({ deliver: () => 403 });
    await expect(fetchConfigBlock(orderer, 'offline')).rejects.toThrow('FORBIDDEN');
  });
});

describe("a peer's endorser", () => {
  test("answers, and its no is told with the peer's name and words", async () => {
    const peer = await connect({
      process: ([name]) =>
        Buffer.from(name!).toString() === 'GetChannels'
          ? { status: 200, message: '', payload: Buffer.from('yes') }
          : { status: 500, message: 'access denied' },
    });
    const call = (name: string) =>
      ask({ ...peer, name: 'peer of A' }, { channel: '', chaincode: 'cscc', args: [name] }, 'asking');
    expect(Buffer.from(await call('GetChannels')).toString()).toBe('yes');
    await expect(call('Other')).rejects.toThrow('asking at peer of A: access denied');
  });

  test('that joined the channel before is fine', async () => {
    const message = 'ledger [offline] already exists with state [ACTIVE]';
    const peer = await connect({ process: () => ({ status: 500, message }) });
    await expect(joinPeer(peer, genesis)).resolves.toBeUndefined();
  });
});
