import { generateKeyPairSync, sign } from 'node:crypto';
import { type Client, status } from '@grpc/grpc-js';
import { type Contract, connect, type Gateway, GatewayError, hash } from '@hyperledger/fabric-gateway';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { isLowS, lowS } from '../msp/signature.ts';
import { ProbeNetwork } from '../testing/probe-network.ts';
import { callRaw, editedProposal, evaluateRequest, type HeaderEdit } from '../testing/proposals.ts';
import { Envelope } from '../wire/envelope.ts';
import { EvaluateRequest, SubmitRequest } from '../wire/gateway.ts';
import { message, nested, string } from '../wire/message.ts';

/** `gateway.PreparedTransaction`, what fabric-gateway hands out between endorsing and submitting. */
const PreparedTransaction = message('PreparedTransaction', {
  transactionId: string(1),
  envelope: nested(2, () => Envelope),
});

let network: ProbeNetwork;
let gateway: Gateway;
let probe: Contract;
let client: Client;
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

beforeAll(async () => {
  network = await ProbeNetwork.start([{ name: 'probe' }, { name: 'other' }, { name: 'down', address: '127.0.0.1:9' }]);
  gateway = network.gateway('A');
  probe = gateway.getNetwork(network.channel).getContract('probe');
  client = network.client('A');
});
afterAll(() => network[Symbol.asyncDispose]());

/** How a call fails: code, text and what each peer said. */
async function failure(run: Promise<unknown>): Promise<{ code: string; text: string; details: string[] }> {
  const error = await run.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  if (!(error instanceof GatewayError)) throw new Error(`did not fail as a gateway error: ${error}`);
  const details = error.details.map(({ mspId, message }) => `${mspId}: ${message}`);
  return { code: status[error.code] ?? '', text: error.cause.details, details };
}

const asCaller = (sign: (message: Uint8Array) => Buffer, mspId = 'A'): Contract => {
  const credentials = Buffer.from(network.identity('A').signer.certificate);
  const other = connect({ client, identity: { mspId, credentials }, signer: async (m) => sign(m), hash: hash.none });
  return other.getNetwork(network.channel).getContract('probe');
};

describe('submitting and evaluating', () => {
  test('a submitted value can be evaluated by every organization', async () => {
    expect(text(await probe.submitTransaction('put', 'k', 'v'))).toBe('ok');
    const elsewhere = network.gateway('C').getNetwork(network.channel).getContract('probe');
    expect(text(await elsewhere.evaluateTransaction('get', 'k'))).toBe('v');
  });

  test('a read after a write gives the committed value', async () => {
    await probe.submitTransaction('put', 'ryw', 'old');
    expect(text(await probe.submitTransaction('ryw', 'ryw', 'new'))).toBe('old');
    expect(text(await probe.evaluateTransaction('get', 'ryw'))).toBe('new');
  });

  test('history is newest first, and pages end with an empty bookmark', async () => {
    await probe.submitTransaction('put', 'h', 'a');
    await probe.submitTransaction('put', 'h', 'b');
    await probe.submitTransaction('del', 'h');
    const history = JSON.parse(text(await probe.evaluateTransaction('hist', 'h')));
    expect(history).toEqual([
      [true, ''],
      [false, 'b'],
      [false, 'a'],
    ]);
    for (const key of ['p1', 'p2', 'p3']) await probe.submitTransaction('put', key, key);
    const first = JSON.parse(text(await probe.evaluateTransaction('page', 'p', 'q', '2', '')));
    expect(first).toEqual({ keys: ['p1', 'p2'], fetched: 2, bookmark: 'p3' });
    const second = JSON.parse(text(await probe.evaluateTransaction('page', 'p', 'q', '2', 'p3')));
    expect(second).toEqual({ keys: ['p3'], fetched: 1, bookmark: '' });
  });

  test('a range longer than one answer arrives whole', async () => {
    const keys = Array.from({ length: 230 }, (_, i) => `range-${String(i).padStart(3, '0')}`);
    await Promise.all(keys.map((key) => probe.submitTransaction('put', key, 'x')));
    expect(text(await probe.evaluateTransaction('count', 'range-', 'range-~'))).toBe('230');
  });

  test('values and results of megabytes pass', async () => {
    const value = 'v'.repeat(3_000_000);
    await probe.submitTransaction('put', 'large', value);
    expect(text(await probe.evaluateTransaction('get', 'large'))).toBe(value);
    expect((await probe.evaluateTransaction('big', '5000000')).length).toBe(5_000_000);
  });

  test('a chaincode that died serves again as soon as its server is back', async () => {
    const other = gateway.getNetwork(network.channel).getContract('other');
    await other.submitTransaction('put', 'before', '1');
    await network.killChaincode('other');
    expect((await failure(other.evaluateTransaction('get', 'before'))).code).toBe('ABORTED');
    await network.reviveChaincode('other');
    expect(text(await other.evaluateTransaction('get', 'before'))).toBe('1');
    await other.submitTransaction('put', 'after', '1');
  });

  test('chaincode calls chaincode in the same transaction', async () => {
    expect(text(await probe.submitTransaction('call', 'other', 'put', 'cc', 'v'))).toBe('200 ok ');
    const other = gateway.getNetwork(network.channel).getContract('other');
    expect(text(await other.evaluateTransaction('get', 'cc'))).toBe('v');
    expect(text(await probe.evaluateTransaction('call', 'other', 'fail', 'inner'))).toContain('inner');
  });
});

describe('refusals in the words of a real peer', () => {
  test('the chaincode refuses', async () => {
    expect(await failure(probe.evaluateTransaction('fail', 'boom'))).toEqual({
      code: 'UNKNOWN',
      text: 'evaluate call to endorser returned error: chaincode response 500, boom',
      details: ['A: chaincode response 500, boom'],
    });
    expect(await failure(probe.submitTransaction('fail', 'boom'))).toEqual({
      code: 'ABORTED',
      text: 'failed to endorse transaction, see attached details for more info',
      details: ['A: chaincode response 500, boom'],
    });
  });

  test('unknown chaincodes and channels', async () => {
    const nosuch = gateway.getNetwork(network.channel).getContract('nosuch');
    expect(await failure(nosuch.evaluateTransaction('x'))).toMatchObject({
      code: 'FAILED_PRECONDITION',
      text: 'no peers available to evaluate chaincode nosuch in channel probes',
    });
    expect(await failure(nosuch.submitTransaction('x'))).toMatchObject({
      code: 'FAILED_PRECONDITION',
      text: 'no combination of peers can be derived which satisfy the endorsement policy: No metadata was found for chaincode nosuch in channel probes',
    });
    const nochan = gateway.getNetwork('nochan').getContract('probe');
    expect(await failure(nochan.evaluateTransaction('x'))).toMatchObject({
      code: 'UNAVAILABLE',
      text: 'failed to get config for channel [nochan]: could not get last config for channel nochan',
    });
    expect(await failure(nochan.submitTransaction('x'))).toMatchObject({
      code: 'FAILED_PRECONDITION',
      text: 'no combination of peers can be derived which satisfy the endorsement policy: No metadata was found for chaincode probe in channel nochan',
    });
  });

  test('signatures that are wrong or high, and unknown organizations', async () => {
    const { key } = network.identity('A').signer;
    const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    const denied = 'error validating proposal: access denied: channel [probes] creator org [A]';
    const wrong = asCaller((message) => lowS(sign('sha256', message, stranger)));
    expect(await failure(wrong.evaluateTransaction('get', 'k'))).toEqual({
      code: 'FAILED_PRECONDITION',
      text: `evaluate call to endorser returned error: ${denied}`,
      details: [`A: ${denied}`],
    });
    expect(await failure(wrong.submitTransaction('get', 'k'))).toMatchObject({
      code: 'ABORTED',
      details: [`A: ${denied}`],
    });
    const high = asCaller((message) => {
      for (;;) {
        const signature = sign('sha256', message, key);
        if (!isLowS(signature)) return signature;
      }
    });
    expect(await failure(high.evaluateTransaction('get', 'k'))).toMatchObject({ details: [`A: ${denied}`] });
    const unknown = asCaller((message) => lowS(sign('sha256', message, key)), 'NoMSP');
    expect((await failure(unknown.evaluateTransaction('get', 'k'))).text).toContain(
      'creator org unknown, creator is malformed',
    );
  });

  test('endorsers that do not agree', async () => {
    const refused = await failure(probe.submitTransaction('nondet', 'nd'));
    expect(refused).toMatchObject({
      code: 'ABORTED',
      text: 'failed to collect enough transaction endorsements, see attached details for more info',
    });
    expect(refused.details).toContain('B: ProposalResponsePayloads do not match');
  });

  test('organizations that cannot endorse', async () => {
    const none = probe.submit('put', { arguments: ['e', '1'], endorsingOrganizations: ['NoMSP'] });
    expect(await failure(none)).toMatchObject({
      code: 'UNAVAILABLE',
      text: 'failed to find any endorsing peers for org(s): NoMSP',
    });
    const few = probe.newProposal('put', { arguments: ['e', '1'], endorsingOrganizations: ['A'] });
    expect((await (await (await few.endorse()).submit()).getStatus()).code).toBe(10);
  });

  test('a chaincode whose server is down', async () => {
    const down = gateway.getNetwork(network.channel).getContract('down');
    const refused = await failure(down.evaluateTransaction('get', 'k'));
    expect(refused.text).toBe('failed to evaluate transaction, see attached details for more info');
    expect(refused.details).toHaveLength(3);
    expect(refused.details[0]).toContain('connect: connection refused');
    expect((await failure(down.submitTransaction('get', 'k'))).details).toHaveLength(1);
  });

  test('chaincode to chaincode: unknown, and itself', async () => {
    const unknown = await failure(probe.evaluateTransaction('call', 'nosuch', 'x'));
    expect(unknown.text).toContain('INVOKE_CHAINCODE failed: transaction ID: ');
    expect(unknown.text).toContain(
      'execute failed: invalid invocation: [channel probes] failed to get chaincode container info for nosuch: chaincode nosuch not found',
    );
    const itself = await failure(probe.evaluateTransaction('call', 'probe', 'get', 'k'));
    expect(itself.text).toMatch(/execute failed: error sending: txid: [0-9a-f]{64}\(probes\) exists/);
  });

  test('rich queries', async () => {
    expect((await failure(probe.evaluateTransaction('query', '{}'))).text).toContain(
      'ExecuteQuery not supported for leveldb',
    );
  });

  test('a doubled transaction id', async () => {
    const proposal = probe.newProposal('put', { arguments: ['dup', '1'] });
    await (await (await proposal.endorse()).submit()).getStatus();
    const refused = await failure(proposal.endorse());
    expect(refused.details[0]).toMatch(/^A: duplicate transaction found \[[0-9a-f]{64}\]\. Creator \[[0-9a-f]+\]$/);
    expect(await failure(proposal.evaluate())).toMatchObject({ code: 'FAILED_PRECONDITION' });
  });
});

describe('proposals that were tampered with', () => {
  const evaluate = (edit: HeaderEdit) => {
    const signed = editedProposal(
      probe.newProposal('get', { arguments: ['k'] }),
      network.identity('A').signer.key,
      edit,
    );
    return callRaw(client, '/gateway.Gateway/Evaluate', evaluateRequest(signed));
  };
  const prefix = 'evaluate call to endorser returned error: error validating proposal: ';

  test('any time is taken, as in Fabric 2.5', async () => {
    const at = (seconds: number) => ({ channel: { timestamp: { seconds, nanos: 0 } } });
    expect((await evaluate(at(1_000_000_000))).code).toBe(status.OK);
    expect((await evaluate(at(4_000_000_000))).code).toBe(status.OK);
  });

  test('epoch, transaction id, type and nonce', async () => {
    const refused = { code: status.FAILED_PRECONDITION };
    expect(await evaluate({ channel: { epoch: 1 } })).toMatchObject({ ...refused, text: `${prefix}epoch is non-zero` });
    expect((await evaluate({ channel: { txId: '00' } })).text).toContain(
      "incorrectly computed txid '00' -- expected '",
    );
    expect((await evaluate({ channel: { type: 2 } })).text).toBe(`${prefix}invalid header type CONFIG_UPDATE`);
    expect((await evaluate({ signature: { nonce: Buffer.alloc(0) } })).text).toBe(`${prefix}nonce is empty`);
  });

  test('garbage and empty requests', async () => {
    const garbage = EvaluateRequest.encode({ proposedTransaction: { proposalBytes: Buffer.from('ffffff', 'hex') } });
    const { code, text: why } = await callRaw(client, '/gateway.Gateway/Evaluate', garbage);
    expect(code).toBe(status.INVALID_ARGUMENT);
    expect(why).toContain('failed to unpack transaction proposal: error unmarshalling Proposal');
    expect(await callRaw(client, '/gateway.Gateway/Endorse', Buffer.alloc(0))).toMatchObject({
      code: status.INVALID_ARGUMENT,
      text: 'the proposed transaction must contain a signed proposal',
    });
    const unsigned = SubmitRequest.encode({ channelId: 'probes', preparedTransaction: {} });
    expect(await callRaw(client, '/gateway.Gateway/Submit', unsigned)).toMatchObject({
      code: status.INVALID_ARGUMENT,
      text: 'prepared transaction must be signed',
    });
    expect(await callRaw(client, '/gateway.Gateway/Nope', Buffer.alloc(0))).toMatchObject({
      code: status.UNIMPLEMENTED,
    });
  });

  test('an envelope with a foreign signature is not ordered', async () => {
    const transaction = await probe.newProposal('put', { arguments: ['t', '1'] }).endorse();
    const { payload } = PreparedTransaction.decode(transaction.getBytes()).envelope!;
    const signature = Buffer.from('3006020101020101', 'hex');
    const request = SubmitRequest.encode({ channelId: 'probes', preparedTransaction: { payload, signature } });
    expect(await callRaw(client, '/gateway.Gateway/Submit', request)).toMatchObject({
      code: status.ABORTED,
      text: "received unsuccessful response from orderer: status=FORBIDDEN, info=implicit policy evaluation failed - 0 sub-policies were satisfied, but this policy requires 1 of the 'Writers' sub-policies to be satisfied: permission denied",
    });
  });
});
