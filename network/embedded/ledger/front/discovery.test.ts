import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openConnection } from '../../../ledger/connection.ts';
import { ChannelWorld } from '../testing/channel-world.ts';
import { callRaw } from '../testing/proposals.ts';
import { Request, Response, SignedRequest } from '../wire/discovery.ts';

let world: ChannelWorld;
let client: ReturnType<typeof openConnection>;
beforeAll(async () => {
  world = await ChannelWorld.start();
  await world.open('first');
  const { tlsRoot } = world.identity('A', 'admin');
  client = openConnection({ address: world.ledger.addresses.A!, tlsRoots: [tlsRoot] });
});
afterAll(async () => {
  client?.close();
  await world?.[Symbol.asyncDispose]();
});

type Queries = Parameters<typeof Request.encode>[0]['queries'];

async function discover(queries: Queries) {
  const { creator, sign } = world.peer('A').signatory;
  const authentication = { clientIdentity: creator, clientTlsCertHash: Buffer.alloc(0) };
  const payload = Request.encode({ authentication, queries });
  return callRaw(client, '/discovery.Discovery/Discover', SignedRequest.encode({ payload, signature: sign(payload) }));
}
const asking = (interests: number, name = 'x') => ({
  channel: 'first',
  chaincodeQuery: { interests: Array.from({ length: interests }, () => ({ chaincodes: [{ name }] })) },
});

describe('discovery', () => {
  test('answers as many interests as any tool asks, in Fabric’s words', async () => {
    const { code, bytes } = await discover([asking(50), asking(50)]);
    expect(code).toBe(0);
    const { results } = Response.decode(bytes!);
    expect(results.map(({ error }) => error?.content)).toEqual(
      Array.from({ length: 2 }, () => 'failed constructing descriptor for chaincodes:<name:"x" > '),
    );
  });

  test('refuses more interests over all queries, and a request that is larger than any tool’s', async () => {
    expect(await discover([asking(50), asking(51)])).toMatchObject({
      code: 2,
      text: 'a request holds at most 100 chaincode interests',
    });
    expect(await discover([asking(1, 'x'.repeat(16 * 1024))])).toMatchObject({
      code: 2,
      text: 'a request has at most 16384 bytes',
    });
  });
});
