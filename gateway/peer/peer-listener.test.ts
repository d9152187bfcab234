import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { Agent, request as httpsRequest } from 'node:https';
import { Refusal } from '@d-cloud/chaincode/domain';
import { foundAuthority, issueTls, keyPem, revocationList } from '@d-cloud/network/admin';
import { ChannelTrust, type TrustedConfig } from '@d-cloud/network/peers';
import { expect, test } from '@jest/globals';
import { pino } from 'pino';
import { PeerListener } from './peer-listener.ts';
import type { PeerRoute } from './peer-route.ts';

const now = new Date();

async function organization(name: string) {
  const authority = await foundAuthority(`tlsca.${name}`, name, now);
  const { certificate, key } = await issueTls(authority, { name: 'gateway', hosts: ['127.0.0.1'], now });
  const mspId = `${name[0]!.toUpperCase()}${name.slice(1)}MSP`;
  return { mspId, authority, root: authority.certificate, certificate, key: keyPem(key) };
}
type Organization = Awaited<ReturnType<typeof organization>>;

function config(
  sequence: number,
  members: readonly Organization[],
  lists: Record<string, string[]> = {},
): TrustedConfig {
  const msps = members.map(({ mspId, root }) => ({
    mspId,
    rootCertificates: [],
    intermediateCertificates: [],
    tlsRootCertificates: [root],
    tlsIntermediateCertificates: [],
    revocationLists: lists[mspId] ?? [],
    nodeOUs: undefined,
  }));
  return { sequence, applicationMsps: new Map(msps.map((msp) => [msp.mspId, msp])) };
}

async function listen(own: Organization, trust: ChannelTrust, routes: readonly PeerRoute[]) {
  const { certificate, key } = own;
  return await PeerListener.open({
    host: '127.0.0.1',
    port: 0,
    certificate,
    key,
    trust,
    log: pino({ level: 'silent' }),
    routes,
  });
}

/** Asks who it is taken for; the answer's status, or the code with which the connection failed. */
async function ask({ port }: PeerListener, server: Organization, by: Organization, agent: Agent | false = false) {
  const outgoing = httpsRequest({
    host: '127.0.0.1',
    port,
    path: '/v1/self',
    agent,
    ca: server.root,
    cert: by.certificate,
    key: by.key,
  });
  outgoing.end();
  try {
    const [answer] = await once(outgoing, 'response');
    let body = '';
    for await (const piece of answer) body += piece;
    return answer.statusCode === 200 ? body : answer.statusCode;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
}

const self: PeerRoute = {
  method: 'GET',
  path: '/v1/self',
  bodyBytes: 0,
  answer: async ({ caller }) => ({ status: 200, body: Buffer.from(caller.organization) }),
};

test('a body is not read before its sender has been admitted', async () => {
  const [alder, birch] = await Promise.all([organization('alder'), organization('birch')]);
  const admitted: string[] = [];
  const trust = new ChannelTrust();
  trust.adopt(config(0, [alder, birch]));
  await using listener = await listen(alder, trust, [
    {
      method: 'PUT',
      path: '/v1/large/:name',
      bodyBytes: 64 * 1024 * 1024,
      admit: ({ caller, params }) => {
        admitted.push(`${caller.organization} ${caller.name} ${params.name}`);
        throw new Refusal('PARTITION_NOT_FOUND', 'not yours');
      },
      answer: async () => ({ status: 204 }),
    },
  ]);
  const outgoing = httpsRequest({
    host: '127.0.0.1',
    port: listener.port,
    path: '/v1/large/a',
    method: 'PUT',
    headers: { 'content-length': 64 * 1024 * 1024 },
    agent: false,
    ca: alder.root,
    cert: birch.certificate,
    key: birch.key,
  });
  outgoing.on('error', () => undefined);
  // Its headers go out; its body never comes.
  outgoing.flushHeaders();
  const [answer] = await once(outgoing, 'response');
  expect(answer.statusCode).toBe(404);
  expect(admitted).toEqual(['BirchMSP gateway a']);
  answer.resume();
  outgoing.destroy();
});

test('lets in whom the configuration in force names, without a restart, and nobody before one was read', async () => {
  const [alder, birch, dogwood] = await Promise.all([
    organization('alder'),
    organization('birch'),
    organization('dogwood'),
  ]);
  const trust = new ChannelTrust();
  await using listener = await listen(alder, trust, [self]);
  expect(await ask(listener, alder, birch)).toBe('ECONNRESET');
  trust.adopt(config(0, [alder, birch]));
  expect(await ask(listener, alder, birch)).toBe('BirchMSP');
  expect(await ask(listener, alder, dogwood)).toBe('ECONNRESET');
  trust.adopt(config(1, [alder, birch, dogwood]));
  expect(await ask(listener, alder, dogwood)).toBe('DogwoodMSP');
});

test('closes the open connections of an organization that was removed, and leaves the others’', async () => {
  const [alder, birch, dogwood] = await Promise.all([
    organization('alder'),
    organization('birch'),
    organization('dogwood'),
  ]);
  const trust = new ChannelTrust();
  trust.adopt(config(0, [alder, birch, dogwood]));
  await using listener = await listen(alder, trust, [self]);
  const [theirs, others] = [new Agent({ keepAlive: true }), new Agent({ keepAlive: true })];
  const sockets: { agent: Agent; closed: boolean }[] = [];
  for (const [agent, by] of [
    [theirs, dogwood],
    [others, birch],
  ] as const) {
    agent.once('free', (socket) => {
      const seen = { agent, closed: false };
      sockets.push(seen);
      socket.once('close', () => {
        seen.closed = true;
      });
    });
    expect(await ask(listener, alder, by, agent)).toBe(by.mspId);
  }
  trust.adopt(config(1, [alder, birch]));
  expect(await ask(listener, alder, dogwood, theirs)).toBe('ECONNRESET');
  expect(await ask(listener, alder, birch, others)).toBe('BirchMSP');
  expect(sockets.map(({ agent, closed }) => [agent === theirs, closed])).toEqual([
    [true, true],
    [false, false],
  ]);
  theirs.destroy();
  others.destroy();
});

test('closes the connection of a certificate that was revoked, and answers the organization’s others', async () => {
  const [alder, birch] = await Promise.all([organization('alder'), organization('birch')]);
  const trust = new ChannelTrust();
  trust.adopt(config(0, [alder, birch]));
  await using listener = await listen(alder, trust, [self]);
  expect(await ask(listener, alder, birch)).toBe('BirchMSP');
  const { serialNumber } = new X509Certificate(birch.certificate);
  const revoked = [{ serialNumber: serialNumber.toLowerCase(), revokedAt: now }];
  trust.adopt(config(1, [alder, birch], { BirchMSP: [await revocationList(birch.authority, revoked, 1, now)] }));
  expect(await ask(listener, alder, birch)).toBe(401);
  const renewed = await issueTls(birch.authority, { name: 'gateway', hosts: ['127.0.0.1'], now });
  const again = { ...birch, certificate: renewed.certificate, key: keyPem(renewed.key) };
  expect(await ask(listener, alder, again)).toBe('BirchMSP');
});
