import { sign } from 'node:crypto';
import { type Client, status } from '@grpc/grpc-js';
import { connect, type Gateway, GatewayError, hash, type Proposal } from '@hyperledger/fabric-gateway';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { lowS } from '../msp/signature.ts';
import { ProbeNetwork } from '../testing/probe-network.ts';
import { callRaw, editedProposal, proposedAgain } from '../testing/proposals.ts';

let network: ProbeNetwork;
let client: Client;
let gateway: Gateway;

beforeAll(async () => {
  network = await ProbeNetwork.start([{ name: 'probe' }]);
  open();
});
afterAll(() => network[Symbol.asyncDispose]());

function open(): void {
  const { certificate, key } = network.identity('A').signer;
  client = network.client('A');
  gateway = connect({
    client,
    identity: { mspId: 'A', credentials: Buffer.from(certificate) },
    signer: async (bytes) => lowS(sign('sha256', bytes, key)),
    hash: hash.none,
  });
}

const contract = () => gateway.getNetwork(network.channel).getContract('probe');

/** A proposal that says another time, in seconds since 1970. */
function saying(seconds: number): { readonly signed: Buffer; readonly proposal: Proposal } {
  const original = contract().newProposal('put', { arguments: ['k', 'v'] });
  const signed = editedProposal(original, network.identity('A').signer.key, {
    channel: { timestamp: { seconds, nanos: 0 } },
  });
  return { signed, proposal: gateway.newProposal(proposedAgain(original, signed)) };
}

const atDoor = (signed: Buffer) => callRaw(client, '/protos.Endorser/ProcessProposal', signed);

async function failure(
  run: Promise<unknown>,
): Promise<Pick<GatewayError, 'code'> & { text: string; details: string[] }> {
  const error = await run.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  if (!(error instanceof GatewayError)) throw new Error('did not fail as a gateway error', { cause: error });
  const details = error.details.map(({ mspId, message }) => `${mspId}: ${message}`);
  return { code: error.code, text: error.cause.details, details };
}

const old = 1_000_000_000;
const future = 4_000_000_000;
const secondsFromNow = (seconds: number): number => Math.floor(Date.now() / 1000) + seconds;

describe('without a proposal window, as in 2.5', () => {
  test.each([old, future])('a proposal that says %d is taken', async (seconds) => {
    const { signed, proposal } = saying(seconds);
    expect(await atDoor(signed)).toMatchObject({ code: status.OK });
    expect(Buffer.from(await proposal.evaluate()).toString()).toBe('ok');
    await expect(proposal.endorse()).resolves.toBeDefined();
  });
});

describe('with a proposal window of 15 minutes, as in 3.x', () => {
  beforeAll(async () => {
    await network.restart({ proposalWindowMs: 900_000 });
    open();
  });

  test.each([
    [old, '2001-09-09T01:46:40Z'],
    [future, '2096-10-02T07:06:40Z'],
  ])("a proposal that says %d is refused in a peer's words", async (seconds, printed) => {
    const refused = `request unauthorized due to incorrect timestamp ${printed}, peer time [-0-9]{10}T[:0-9]{8}Z, peer.authentication.timewindow 15m0s`;
    const own = expect.stringMatching(new RegExp(`^A: ${refused}$`));
    const others = ['B', 'C'].map((mspId) =>
      expect.stringMatching(new RegExp(`^${mspId}: rpc error: code = Unknown desc = ${refused}$`)),
    );
    const { signed, proposal } = saying(seconds);
    expect(await atDoor(signed)).toMatchObject({
      code: status.UNKNOWN,
      text: expect.stringMatching(new RegExp(`^${refused}$`)),
    });
    expect(await failure(proposal.evaluate())).toEqual({
      code: status.UNAVAILABLE,
      text: 'failed to evaluate transaction, see attached details for more info',
      details: [own, ...others],
    });
    expect(await failure(proposal.endorse())).toEqual({
      code: status.ABORTED,
      text: 'failed to endorse transaction, see attached details for more info',
      details: [own],
    });
  });

  test('times within it are taken, both ways', async () => {
    for (const seconds of [secondsFromNow(-840), secondsFromNow(840)]) {
      const { signed, proposal } = saying(seconds);
      expect(await atDoor(signed)).toMatchObject({ code: status.OK });
      await expect(proposal.evaluate()).resolves.toBeDefined();
      await expect(proposal.endorse()).resolves.toBeDefined();
    }
    expect(await atDoor(saying(secondsFromNow(-960)).signed)).toMatchObject({ code: status.UNKNOWN });
    expect(await atDoor(saying(secondsFromNow(960)).signed)).toMatchObject({ code: status.UNKNOWN });
  });

  test('a time that no calendar has is refused as well', async () => {
    const { code, text } = await atDoor(saying(2 ** 52).signed);
    expect(code).toBe(status.UNKNOWN);
    expect(text).toContain('request unauthorized due to incorrect timestamp');
  });
});

test.each([
  [200, '200ms'],
  [1_500, '1.5s'],
  [90_000, '1m30s'],
  [3_600_000, '1h0m0s'],
])('a window of %d ms is told as Go prints it: %s', async (proposalWindowMs, printed) => {
  await network.restart({ proposalWindowMs });
  open();
  expect((await atDoor(saying(old).signed)).text).toMatch(new RegExp(`timewindow ${printed.replace('.', '\\.')}$`));
});
