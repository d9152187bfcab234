import { sign } from 'node:crypto';
import { type Client, status } from '@grpc/grpc-js';
import { type Contract, connect, type Gateway, GatewayError, hash } from '@hyperledger/fabric-gateway';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { lowS } from '../msp/signature.ts';
import { ProbeNetwork } from '../testing/probe-network.ts';
import { callRaw, editedProposal } from '../testing/proposals.ts';

let network: ProbeNetwork;
let client: Client;
let gateway: Gateway;
let key: Awaited<ReturnType<ProbeNetwork['expired']>>['key'];
const contract = (name: string): Contract => gateway.getNetwork(network.channel).getContract(name);

beforeAll(async () => {
  network = await ProbeNetwork.start([{ name: 'probe' }, { name: 'any', policy: "OR('A.peer','B.peer')" }]);
  client = network.client('A');
  const signer = await network.expired('A');
  key = signer.key;
  gateway = connect({
    client,
    identity: { mspId: 'A', credentials: Buffer.from(signer.certificate) },
    signer: async (bytes) => lowS(sign('sha256', bytes, key)),
    hash: hash.none,
  });
});
afterAll(() => network[Symbol.asyncDispose]());

async function failure(run: Promise<unknown>): Promise<GatewayError> {
  const error = await run.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  if (error instanceof GatewayError) return error;
  throw new Error('did not fail as a gateway error');
}

describe('an expired certificate', () => {
  test('may evaluate: expiry is checked at doors that evaluating does not pass', async () => {
    expect(Buffer.from(await contract('probe').evaluateTransaction('who')).toString()).toBe('A');
  });

  test("is refused by other organizations' peers", async () => {
    const { cause, details } = await failure(contract('probe').submitTransaction('put', 'k', 'v'));
    expect(cause.details).toBe('failed to collect enough transaction endorsements, see attached details for more info');
    expect(details.map(({ message }) => message)).toContain(
      'rpc error: code = Unknown desc = proposal client identity expired',
    );
  });

  test('is refused by the orderer where the own peer suffices', async () => {
    const { cause } = await failure(contract('any').submitTransaction('put', 'k', 'v'));
    expect(cause.details).toBe(
      'received unsuccessful response from orderer: status=BAD_REQUEST, info=broadcast client identity expired',
    );
  });

  test("is refused at the endorser's own door and by Deliver", async () => {
    const signed = editedProposal(contract('any').newProposal('get', { arguments: ['k'] }), key, {});
    expect(await callRaw(client, '/protos.Endorser/ProcessProposal', signed)).toMatchObject({
      code: status.UNKNOWN,
      text: 'proposal client identity expired',
    });
    const events = await gateway.getNetwork(network.channel).getBlockEvents({ startBlock: 0n });
    const reading = (async () => {
      for await (const _ of events) return 'block';
      return 'ended';
    })();
    await expect(reading).rejects.toThrow('Unexpected status response: 403');
  });
});
