import { type Client, Metadata } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ProbeNetwork } from '../testing/probe-network.ts';
import { callRaw, editedProposal, evaluateRequest } from '../testing/proposals.ts';
import { SubmitRequest } from '../wire/gateway.ts';

let network: ProbeNetwork;
let client: Client;
beforeAll(async () => {
  network = await ProbeNetwork.start([{ name: 'probe' }]);
  client = network.client('A');
});
afterAll(() => network[Symbol.asyncDispose]());

const unary = ['Evaluate', 'Endorse', 'Submit', 'CommitStatus'].map((name) => `/gateway.Gateway/${name}`);
const streams = ['/gateway.Gateway/ChaincodeEvents', '/protos.Deliver/Deliver', '/protos.Deliver/DeliverFiltered'];

function stream(path: string, bytes: Buffer): Promise<void> {
  const raw = (each: Buffer): Buffer => each;
  const call = client.makeBidiStreamRequest(path, raw, raw, new Metadata(), { deadline: Date.now() + 300 });
  call.write(bytes);
  call.end();
  return new Promise((resolve) => {
    call.on('data', () => {});
    call.on('error', () => resolve());
    call.on('end', () => resolve());
  });
}

test('whatever bytes arrive at whichever door, every call ends and the ledger serves on', async () => {
  const contract = network.gateway('A').getNetwork(network.channel).getContract('probe');
  const { key } = network.identity('A').signer;
  const proposal = editedProposal(contract.newProposal('get', { arguments: ['k'] }), key, {});
  const transaction = await contract.newProposal('put', { arguments: ['k', 'v'] }).endorse();
  const submit = SubmitRequest.encode({
    channelId: network.channel,
    preparedTransaction: { payload: transaction.getBytes(), signature: 's' },
  });
  const seeds = [proposal, evaluateRequest(proposal), submit];
  const paths = [...unary, '/protos.Endorser/ProcessProposal', ...streams];
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...paths),
      fc.constantFrom(...seeds),
      fc.nat(4000),
      fc.nat(255),
      fc.boolean(),
      async (path, seed, at, value, cut) => {
        const bytes = Buffer.from(seed);
        bytes[at % bytes.length] = value;
        const sent = cut ? bytes.subarray(0, at % bytes.length) : bytes;
        if (streams.includes(path)) await stream(path, sent);
        else expect((await callRaw(client, path, sent, 2000)).code).toBeDefined();
      },
    ),
    { numRuns: 600, seed: 17 },
  );
  expect(Buffer.from(await contract.submitTransaction('put', 'after', 'v')).toString()).toBe('ok');
});
