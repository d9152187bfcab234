import { createHash, X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fetchBlock, type OrdererConnection } from '../../../admin/index.ts';
import { openConnection } from '../../../ledger/connection.ts';
import { ChannelWorld } from '../testing/channel-world.ts';
import { callRaw } from '../testing/proposals.ts';
import { Request, SignedRequest } from '../wire/discovery.ts';

let world: ChannelWorld;
let asked: OrdererConnection;

beforeAll(async () => {
  world = await ChannelWorld.start();
  await world.open('first');
  await world.end();
  const [first, ...others] = world.config.organizations;
  const clientRoots = join(world.identity('A', 'peer').tlsDirectory, 'ca.pem');
  await world.begin({ organizations: [{ ...first!, tls: { ...first!.tls, clientRoots } }, ...others] });
  const { tls, tlsRoot } = world.identity('A', 'admin');
  const client = openConnection({ address: world.ledger.addresses.A!, tlsRoots: [tlsRoot], tls });
  asked = { ...world.peer('A'), client };
});
afterAll(async () => {
  asked.client.close();
  await world[Symbol.asyncDispose]();
});

const hash = () =>
  createHash('sha256')
    .update(new X509Certificate(world.identity('A', 'admin').tls.certificate).raw)
    .digest();

describe('a peer that asks for client certificates', () => {
  test('delivers to a request that is bound to the certificate of its connection only', async () => {
    await expect(fetchBlock(asked, 'first', 0, { from: 'peer' })).rejects.toThrow(/BAD_REQUEST$/);
    const foreign = { ...asked, tlsCertificateHash: Buffer.alloc(32) };
    await expect(fetchBlock(foreign, 'first', 0, { from: 'peer' })).rejects.toThrow(/BAD_REQUEST$/);
    const bound = { ...asked, tlsCertificateHash: hash() };
    expect((await fetchBlock(bound, 'first', 0, { from: 'peer' })).length).toBeGreaterThan(0);
  });

  test('answers discovery to such a request only', async () => {
    const discover = (clientTlsCertHash: Uint8Array) => {
      const { creator, sign } = asked.signatory;
      const payload = Request.encode({ authentication: { clientIdentity: creator, clientTlsCertHash }, queries: [] });
      const request = SignedRequest.encode({ payload, signature: sign(payload) });
      return callRaw(asked.client, '/discovery.Discovery/Discover', request);
    };
    expect(await discover(Buffer.alloc(32))).toMatchObject({
      code: 2,
      text: "client claimed TLS hash doesn't match computed TLS hash from gRPC stream",
    });
    expect(await discover(hash())).toMatchObject({ code: 0 });
  });
});
