import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type Server } from 'node:tls';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { enrol, foundOrganization, type Identity, type Organization } from '../../admin/index.ts';
import { showsCertificate } from './tls-door.ts';

let directory: string;
let own: Organization;
let stranger: Organization;
let server: Server | undefined;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tls-door-'));
  own = await foundOrganization({ directory, name: 'own', mspId: 'OwnMSP', now: new Date() });
  stranger = await foundOrganization({ directory, name: 'stranger', mspId: 'StrangerMSP', now: new Date() });
});
afterEach(async () => {
  server?.close();
  await rm(directory, { recursive: true });
});

const identity = (organization: Organization, name: 'peer' | 'orderer') =>
  enrol(organization, { name, role: name }, new Date());

/** Listens with an identity's TLS certificate; answers the port. */
async function listen({ tlsDirectory }: Identity): Promise<number> {
  const file = (name: string) => readFile(join(tlsDirectory, name));
  server = createServer({ cert: await file('cert.pem'), key: await file('key.pem'), ALPNProtocols: ['h2'] });
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as { port: number }).port;
}

const soon = () => AbortSignal.timeout(5_000);

describe('whoever listens on a port is taken for our peer', () => {
  test('when it holds the key of our peer', async () => {
    const peer = await identity(own, 'peer');
    await expect(showsCertificate(await listen(peer), peer, soon())).resolves.toBeUndefined();
  });

  test('not when it is another program of ours', async () => {
    const port = await listen(await identity(own, 'orderer'));
    const peer = await identity(own, 'peer');
    await expect(showsCertificate(port, peer, soon())).rejects.toThrow('served by another program of OwnMSP');
  });

  test("not when it is a stranger's, or nobody", async () => {
    const port = await listen(await identity(stranger, 'peer'));
    const peer = await identity(own, 'peer');
    await expect(showsCertificate(port, peer, soon())).rejects.toThrow();
    server!.close();
    await once(server!, 'close');
    await expect(showsCertificate(port, peer, soon())).rejects.toThrow();
  });
});
