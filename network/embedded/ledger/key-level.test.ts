import type { Contract, GatewayError } from '@hyperledger/fabric-gateway';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Member, ProbeNetwork } from './testing/probe-network.ts';

let network: ProbeNetwork;
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
const at = (member: Member): Contract => network.gateway(member).getNetwork(network.channel).getContract('probe');
let contracts: Record<Member, Contract>;

beforeAll(async () => {
  network = await ProbeNetwork.start([
    { name: 'probe' },
    { name: 'any', policy: "OR('A.peer','B.peer','C.peer')" },
    { name: 'and', policy: "AND('A.peer','B.peer')" },
  ]);
  contracts = { A: at('A'), B: at('B'), C: at('C') };
});
afterAll(() => network[Symbol.asyncDispose]());

/** The validation code of a transaction endorsed by exactly these organizations. */
async function codeOf(endorsers: Member[], operation: string, ...args: string[]): Promise<number> {
  const proposal = contracts.A.newProposal(operation, { arguments: args, endorsingOrganizations: endorsers });
  return (await (await (await proposal.endorse()).submit()).getStatus()).code;
}

describe('a key with an endorsement policy of its own', () => {
  test('is written by the organizations that it names and no others', async () => {
    await contracts.A.submitTransaction('put', 'k', '1');
    expect(await codeOf(['A'], 'put', 'k', '2')).toBe(10);
    await contracts.A.submitTransaction('sbe', 'k', 'C');
    expect(await codeOf(['A', 'B'], 'put', 'k', '3')).toBe(10);
    expect(await codeOf(['C'], 'put', 'k', '4')).toBe(0);
    expect(text(await contracts.B.evaluateTransaction('get', 'k'))).toBe('4');
  });

  test('is endorsed by the gateway without naming anybody, and keeps its policy over writes', async () => {
    await contracts.A.submitTransaction('put', 'g', '1');
    await contracts.A.submitTransaction('sbe', 'g', 'B', 'C');
    for (const value of ['2', '3']) await contracts.A.submitTransaction('put', 'g', value);
    expect(text(await contracts.C.evaluateTransaction('get', 'g'))).toBe('3');
    expect(await codeOf(['A', 'B'], 'put', 'g', 'x')).toBe(10);
    expect(text(await contracts.A.evaluateTransaction('sbeOf', 'g'))).not.toBe('');
  });

  test('loses its policy when it is deleted', async () => {
    await contracts.A.submitTransaction('put', 'd', '1');
    await contracts.A.submitTransaction('sbe', 'd', 'C');
    await contracts.C.submitTransaction('del', 'd');
    await contracts.A.submitTransaction('put', 'd', '2');
    expect(text(await contracts.A.evaluateTransaction('sbeOf', 'd'))).toBe('');
    expect(await codeOf(['A', 'B'], 'put', 'd', '3')).toBe(0);
  });

  test("is endorsed without the gateway's own organization where the policy does not name it", async () => {
    await contracts.A.submitTransaction('put', 'w', '1');
    await contracts.A.submitTransaction('sbe', 'w', 'C');
    expect(text(await contracts.A.submitTransaction('upd', 'w', '2'))).toBe('1');
    expect(text(await contracts.B.submitTransaction('upd', 'w', '3'))).toBe('21');
  });

  test('can be changed only by those whom its policy names', async () => {
    await contracts.A.submitTransaction('put', 'p', '1');
    await contracts.A.submitTransaction('sbe', 'p', 'C');
    expect(await codeOf(['A', 'B'], 'sbe', 'p', 'A')).toBe(10);
    expect(await codeOf(['C'], 'sbe', 'p', 'A')).toBe(0);
    expect(await codeOf(['A'], 'put', 'p', '2')).toBe(0);
  });
});

test('a gateway whose organization the policy does not name collects from those that it names', async () => {
  const from = (member: Member): Contract => network.gateway(member).getNetwork(network.channel).getContract('and');
  expect(text(await from('C').submitTransaction('put', 'k', 'v'))).toBe('ok');
  expect(text(await from('C').evaluateTransaction('get', 'k'))).toBe('v');
  const error = await from('C')
    .submitTransaction('nondet', 'k')
    .catch((cause: unknown) => cause);
  expect((error as GatewayError).details.map(({ mspId }) => mspId).sort()).toEqual(['A', 'B']);
});

test('MAJORITY is two of three organizations, whichever they are', async () => {
  expect(await codeOf(['A', 'C'], 'put', 'm', '1')).toBe(0);
  expect(await codeOf(['B', 'C'], 'put', 'm', '2')).toBe(0);
  expect(await codeOf(['B'], 'put', 'm', '3')).toBe(10);
});

test('a chaincode that is called brings its own policy with it', async () => {
  const any = network.gateway('A').getNetwork(network.channel).getContract('any');
  const call = any.newProposal('call', { arguments: ['probe', 'put', 'c', '1'], endorsingOrganizations: ['A'] });
  expect((await (await (await call.endorse()).submit()).getStatus()).code).toBe(10);
  expect(text(await any.submitTransaction('call', 'probe', 'put', 'c', '2'))).toBe('200 ok ');
});
