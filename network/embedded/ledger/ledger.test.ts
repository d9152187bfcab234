import type { Contract } from '@hyperledger/fabric-gateway';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ProbeNetwork } from './testing/probe-network.ts';

let network: ProbeNetwork;
let contract: Contract;
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

beforeAll(async () => {
  network = await ProbeNetwork.start([{ name: 'probe' }]);
  contract = network.gateway('A').getNetwork(network.channel).getContract('probe');
});
afterAll(() => network[Symbol.asyncDispose]());

describe('fabric-gateway and fabric-shim, unchanged', () => {
  test('a submitted value can be evaluated', async () => {
    expect(text(await contract.submitTransaction('put', 'k', 'v'))).toBe('ok');
    expect(text(await contract.evaluateTransaction('get', 'k'))).toBe('v');
  });
});
