import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type Authority, foundAuthority, issueTls } from '../admin/certificates/authority.ts';
import { Fault } from '../ledger/fault.ts';
import { PeerClient } from './peer-client.ts';

class Refused extends Error {}
const readRefusal = (text: string) => (text.startsWith('FENCED: ') ? new Refused(text) : undefined);

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

let birchRoots: Authority;
let alderTls: { certificate: string; key: string };
let server: Server;
let answer: Answer;
const heard: { method?: string; url?: string; body: string }[] = [];

beforeAll(async () => {
  const now = new Date();
  const hosts = ['127.0.0.1'];
  birchRoots = await foundAuthority('tls', 'Birch', now);
  const alderRoots = await foundAuthority('tls', 'Alder', now);
  const pem = async (authority: Authority, name: string) => {
    const { certificate, key } = await issueTls(authority, { name, hosts, now });
    return { certificate, key: key.export({ type: 'pkcs8', format: 'pem' }).toString() };
  };
  alderTls = await pem(alderRoots, 'gateway');
  const birch = await pem(birchRoots, 'gateway');
  server = createServer(
    {
      cert: birch.certificate,
      key: birch.key,
      ca: alderRoots.certificate,
      requestCert: true,
      rejectUnauthorized: true,
    },
    async (request, response) => {
      const pieces = await Array.fromAsync(request as AsyncIterable<Buffer>);
      heard.push({ method: request.method!, url: request.url!, body: Buffer.concat(pieces).toString() });
      answer(request, response);
    },
  ).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});
beforeEach(() => void heard.splice(0));

const says =
  (status: number, body: string): Answer =>
  (_, response) =>
    response.writeHead(status).end(body);

async function send(of: { organization?: string; withinMs?: number; signal?: AbortSignal; roots?: string } = {}) {
  const { organization = 'BirchMSP', withinMs = 20_000, signal, roots = birchRoots.certificate } = of;
  using client = new PeerClient({ tls: alderTls, roots: new Map([['BirchMSP', roots]]) }, readRefusal);
  const address = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const call = { withinMs, ...(signal && { signal }) };
  return await client.send('POST', { organization, address }, '/v1/heartbeats', { rows: 3 }, call);
}

describe("speaking to another organization's gateway", () => {
  test('sends JSON under our certificate and gives the JSON that comes back, or nothing for an empty answer', async () => {
    answer = says(200, '{"taken":true}');
    expect(await send()).toEqual({ taken: true });
    answer = says(204, '');
    expect(await send()).toBeUndefined();
    expect(heard[0]).toEqual({ method: 'POST', url: '/v1/heartbeats', body: '{"rows":3}' });
  });

  test('throws the refusal that the other side names, and its words as a fault when it names none that we know', async () => {
    answer = says(409, '{"code":"FENCED","detail":"token 1 is not current"}');
    await expect(send()).rejects.toThrow(new Refused('FENCED: token 1 is not current'));
    answer = says(404, '{"code":"WHAT","detail":"never heard of it"}');
    await expect(send()).rejects.toMatchObject({
      kind: 'unavailable',
      message: expect.stringContaining('never heard'),
    });
  });

  test('takes whatever else comes for a fault: no JSON, JSON that is no problem, a broken server', async () => {
    for (const [status, body, kind, retryable] of [
      [200, '<html>', 'corrupt', false],
      [404, 'null', 'unavailable', false],
      [404, '"text"', 'unavailable', false],
      [404, '{"code":7,"detail":[]}', 'unavailable', false],
      [503, '<html>', 'unavailable', true],
    ] as const) {
      answer = says(status, body);
      const thrown = await send().catch((error: unknown) => error);
      expect(thrown).toBeInstanceOf(Fault);
      expect([status, body, (thrown as Fault).kind, (thrown as Fault).retryable]).toEqual([
        status,
        body,
        kind,
        retryable,
      ]);
    }
  });

  test('of an answer that breaks off, nothing is taken', async () => {
    answer = (request, response) => {
      response.writeHead(200, { 'content-length': 100 }).write('{"half":');
      request.socket.destroy();
    };
    await expect(send()).rejects.toMatchObject({ name: 'Fault', kind: 'unavailable' });
  });

  test('ends when time is up, and with the reason of a caller who gives up', async () => {
    answer = () => undefined;
    await expect(send({ withinMs: 50 })).rejects.toMatchObject({ kind: 'unavailable' });
    const stop = new AbortController();
    const waiting = send({ signal: stop.signal });
    answer = () => stop.abort(new Error('the claim was taken away'));
    await expect(waiting).rejects.toThrow('the claim was taken away');
  });

  test('never speaks to one whose certificate is of another authority, or whose authority nobody configured', async () => {
    answer = says(200, '{}');
    const other = await foundAuthority('tls', 'Birch', new Date());
    await expect(send({ roots: other.certificate })).rejects.toMatchObject({ kind: 'unavailable' });
    await expect(send({ organization: 'CedarMSP' })).rejects.toMatchObject({ kind: 'misconfigured' });
    expect(heard).toEqual([]);
  });
});
