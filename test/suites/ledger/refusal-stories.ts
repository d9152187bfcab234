import { generateKeyPairSync } from 'node:crypto';
import { signLowS } from '@d-cloud/network/ledger';
import { status } from '@grpc/grpc-js';
import { type Contract, connect, hash } from '@hyperledger/fabric-gateway';
import { expect, test } from '@jest/globals';
import { commit, failure, text } from './answers.ts';
import type { Stage } from './conformance.ts';
import { differences } from './differences.ts';
import { callRaw, editedProposal, field, type HeaderEdit, submitRequest } from './raw-calls.ts';

const order = BigInt('0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551');

/** The same signature with the other of its two values for s: valid mathematics, and refused by Fabric. */
function highS(signature: Uint8Array): Buffer {
  const der = Buffer.from(signature);
  const r = der.subarray(2, 4 + der[3]!);
  const s = BigInt(`0x${der.subarray(4 + der[3]! + 2).toString('hex')}`);
  const hex = (order - s).toString(16).padStart(64, '0');
  const bytes = Buffer.from(Number.parseInt(hex.slice(0, 2), 16) > 127 ? `00${hex}` : hex, 'hex');
  return Buffer.concat([Buffer.from([0x30, r.length + 2 + bytes.length]), r, Buffer.from([0x02, bytes.length]), bytes]);
}

export function refusalStories(stage: () => Stage): void {
  const probe = () => stage().contract('A');
  const client = () => stage().consortium.client('A');

  function asCaller(signing: (message: Uint8Array) => Uint8Array, mspId = 'A'): Contract {
    const credentials = Buffer.from(stage().consortium.identity('A').signer.certificate);
    const identity = { mspId, credentials };
    const other = connect({ client: client(), identity, signer: async (m) => signing(m), hash: hash.none });
    return other.getNetwork(stage().consortium.channel).getContract('probe');
  }

  test('the chaincode refuses', async () => {
    expect(await failure(probe().evaluateTransaction('fail', 'boom'))).toEqual({
      code: 'UNKNOWN',
      text: 'evaluate call to endorser returned error: chaincode response 500, boom',
      details: ['A: chaincode response 500, boom'],
    });
    expect(await failure(probe().submitTransaction('fail', 'boom'))).toEqual({
      code: 'ABORTED',
      text: 'failed to endorse transaction, see attached details for more info',
      details: ['A: chaincode response 500, boom'],
    });
  });

  test('unknown chaincodes and channels', async () => {
    const nosuch = stage().contract('A', 'nosuch');
    expect(await failure(nosuch.evaluateTransaction('x'))).toEqual({
      code: 'FAILED_PRECONDITION',
      text: 'no peers available to evaluate chaincode nosuch in channel probes',
      details: [],
    });
    expect(await failure(nosuch.submitTransaction('x'))).toEqual({
      code: 'FAILED_PRECONDITION',
      text: 'no combination of peers can be derived which satisfy the endorsement policy: No metadata was found for chaincode nosuch in channel probes',
      details: [],
    });
    const nochan = stage().consortium.gateway('A').getNetwork('nochan').getContract('probe');
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
    const { key } = stage().consortium.identity('A').signer;
    const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    const denied = 'error validating proposal: access denied: channel [probes] creator org [A]';
    const wrong = asCaller((message) => signLowS(stranger, message));
    expect(await failure(wrong.evaluateTransaction('get', 'k'))).toEqual({
      code: 'FAILED_PRECONDITION',
      text: `evaluate call to endorser returned error: ${denied}`,
      details: [`A: ${denied}`],
    });
    expect(await failure(wrong.submitTransaction('get', 'k'))).toEqual({
      code: 'ABORTED',
      text: 'failed to endorse transaction, see attached details for more info',
      details: [`A: ${denied}`],
    });
    const high = asCaller((message) => highS(signLowS(key, message)));
    expect((await failure(high.evaluateTransaction('get', 'k'))).details).toEqual([`A: ${denied}`]);
    const unknown = asCaller((message) => signLowS(key, message), 'NoMSP');
    expect(await failure(unknown.evaluateTransaction('get', 'k'))).toMatchObject({
      code: 'FAILED_PRECONDITION',
      text: 'evaluate call to endorser returned error: error validating proposal: access denied: channel [probes] creator org unknown, creator is malformed',
    });
  });

  test('endorsers that do not agree', async () => {
    const refused = await failure(probe().submitTransaction('nondet', 'nd'));
    expect(refused).toMatchObject({
      code: 'ABORTED',
      text: 'failed to collect enough transaction endorsements, see attached details for more info',
    });
    expect(refused.details.join()).toMatch(/[BC]: ProposalResponsePayloads do not match/);
  });

  test('organizations that cannot endorse', async () => {
    const none = probe().submit('put', { arguments: ['e', '1'], endorsingOrganizations: ['NoMSP'] });
    expect(await failure(none)).toEqual({
      code: 'UNAVAILABLE',
      text: 'failed to find any endorsing peers for org(s): NoMSP',
      details: [],
    });
    expect((await commit(probe(), 'put', ['e', '1'], ['A'])).code).toBe(10);
  });

  test('a chaincode whose service is down', async () => {
    const down = stage().contract('A', 'down');
    const refused = await failure(down.evaluateTransaction('get', 'k'));
    expect(refused.code).toBe('ABORTED');
    expect(refused.text).toBe('failed to evaluate transaction, see attached details for more info');
    expect(refused.details).toHaveLength(3);
    expect(refused.details[0]).toMatch(
      /^A: error in simulation: failed to execute transaction [0-9a-f]{64}: could not launch chaincode \S+: connection to \S+ failed: error cannot create connection for \S+: error creating grpc connection to 127.0.0.1:\d+: failed to create new connection: connection error: desc = "transport: error while dialing: dial tcp 127.0.0.1:\d+: connect: connection refused"$/,
    );
    const submitted = await failure(down.submitTransaction('get', 'k'));
    expect(submitted.code).toBe('ABORTED');
    expect(submitted.details).toHaveLength(1);
  });

  test('chaincode to chaincode: unknown, and itself', async () => {
    const unknown = await failure(probe().evaluateTransaction('call', 'nosuch', 'x'));
    expect(unknown.text).toMatch(
      /^evaluate call to endorser returned error: chaincode response 500, INVOKE_CHAINCODE failed: transaction ID: ([0-9a-f]{64}): execute failed: invalid invocation: \[channel probes\] failed to get chaincode container info for nosuch: chaincode nosuch not found$/,
    );
    const itself = await failure(probe().evaluateTransaction('call', 'probe', 'get', 'k'));
    expect(itself.text).toMatch(/execute failed: error sending: txid: [0-9a-f]{64}\(probes\) exists$/);
  });

  test('rich queries', async () => {
    const refused = await failure(probe().evaluateTransaction('query', '{}'));
    expect(refused.text).toMatch(
      /^evaluate call to endorser returned error: chaincode response 500, GET_QUERY_RESULT failed: transaction ID: [0-9a-f]{64}: ExecuteQuery not supported for leveldb$/,
    );
  });

  test('a doubled transaction id', async () => {
    const proposal = probe().newProposal('put', { arguments: ['dup', '1'] });
    await (await (await proposal.endorse()).submit()).getStatus();
    const refused = await failure(proposal.endorse());
    expect(refused.details[0]).toMatch(/^A: duplicate transaction found \[[0-9a-f]{64}\]\. Creator \[[0-9a-f]+\]$/);
    expect(await failure(proposal.evaluate())).toMatchObject({
      code: 'FAILED_PRECONDITION',
      text: expect.stringMatching(
        /^evaluate call to endorser returned error: duplicate transaction found \[[0-9a-f]{64}\]/,
      ),
    });
  });

  const prefix = 'evaluate call to endorser returned error: error validating proposal: ';
  const evaluate = (edit: HeaderEdit) => {
    const proposal = probe().newProposal('get', { arguments: ['k'] });
    const signed = editedProposal(proposal, stage().consortium.identity('A').signer.key, edit);
    return callRaw(client(), '/gateway.Gateway/Evaluate', field(3, signed));
  };

  test('proposals whose epoch, transaction id, type or nonce is wrong', async () => {
    const refused = { code: status.FAILED_PRECONDITION };
    expect(await evaluate({ channel: { epoch: 1 } })).toEqual({ ...refused, text: `${prefix}epoch is non-zero` });
    expect((await evaluate({ channel: { txId: '00' } })).text).toMatch(
      /: incorrectly computed txid '00' -- expected '[0-9a-f]{64}'$/,
    );
    expect((await evaluate({ channel: { type: 2 } })).text).toBe(`${prefix}invalid header type CONFIG_UPDATE`);
    expect((await evaluate({ signature: { nonce: Buffer.alloc(0) } })).text).toBe(`${prefix}nonce is empty`);
  });

  test.each([
    [1_000_000_000, '2001-09-09T01:46:40Z'],
    [4_000_000_000, '2096-10-02T07:06:40Z'],
  ])('a proposal of another year is taken by 2.5 and refused by 3.1: %d', async (seconds, printed) => {
    const { proposalWindow } = differences[stage().consortium.generation];
    const edit = { channel: { timestamp: { seconds, nanos: 0 } } };
    expect((await evaluate(edit)).code).toBe(proposalWindow ? status.UNAVAILABLE : status.OK);
    const { key } = stage().consortium.identity('A').signer;
    const signed = editedProposal(probe().newProposal('get', { arguments: ['k'] }), key, edit);
    const refused = {
      code: status.UNKNOWN,
      text: expect.stringMatching(
        new RegExp(
          `^request unauthorized due to incorrect timestamp ${printed}, peer time [-0-9]{10}T[:0-9]{8}Z, peer.authentication.timewindow 15m0s$`,
        ),
      ),
    };
    expect(await callRaw(client(), '/protos.Endorser/ProcessProposal', signed)).toEqual(
      proposalWindow ? refused : { code: status.OK, text: '' },
    );
  });

  test('garbage and empty requests', async () => {
    const garbage = field(3, field(1, Buffer.from('ffffff', 'hex')));
    expect(await callRaw(client(), '/gateway.Gateway/Evaluate', garbage)).toMatchObject({
      code: status.INVALID_ARGUMENT,
      text: expect.stringContaining('failed to unpack transaction proposal: error unmarshalling Proposal'),
    });
    expect(await callRaw(client(), '/gateway.Gateway/Endorse', Buffer.alloc(0))).toEqual({
      code: status.INVALID_ARGUMENT,
      text: 'the proposed transaction must contain a signed proposal',
    });
    const unsigned = Buffer.concat([field(2, 'probes'), field(3, Buffer.alloc(0))]);
    expect(await callRaw(client(), '/gateway.Gateway/Submit', unsigned)).toEqual({
      code: status.INVALID_ARGUMENT,
      text: 'prepared transaction must be signed',
    });
    expect((await callRaw(client(), '/gateway.Gateway/Nope', Buffer.alloc(0))).code).toBe(status.UNIMPLEMENTED);
  });

  test('an envelope with a foreign signature is not ordered', async () => {
    const transaction = await probe()
      .newProposal('put', { arguments: ['t', '1'] })
      .endorse();
    const request = submitRequest(transaction, 'probes', Buffer.from('3006020101020101', 'hex'));
    expect(await callRaw(client(), '/gateway.Gateway/Submit', request)).toEqual({
      code: status.ABORTED,
      text: "received unsuccessful response from orderer: status=FORBIDDEN, info=implicit policy evaluation failed - 0 sub-policies were satisfied, but this policy requires 1 of the 'Writers' sub-policies to be satisfied: permission denied",
    });
  });

  test('an expired certificate is refused at every door, but for evaluating at the own peer of 2.5', async () => {
    const signer = await stage().consortium.expired('A');
    const network = stage().consortium.gateway('A', signer).getNetwork(stage().consortium.channel);
    const expired = network.getContract('probe');
    const own = differences[stage().consortium.generation].ownPeerChecksExpiry;
    if (own) expect((await failure(expired.evaluateTransaction('who'))).code).toBe('UNAVAILABLE');
    else expect(text(await expired.evaluateTransaction('who'))).toBe('A');
    const refused = await failure(expired.submitTransaction('put', 'k', 'v'));
    const step = own ? 'endorse transaction' : 'collect enough transaction endorsements';
    expect(refused.text).toBe(`failed to ${step}, see attached details for more info`);
    expect(refused.details.join()).toContain('proposal client identity expired');
    const ordered = await failure(network.getContract('any').submitTransaction('put', 'k', 'v'));
    // Where the own peer refuses, 3.1's gateway asks whichever others it knows by then, and they refuse too: UNAVAILABLE or ABORTED.
    if (own) expect(ordered.details.join()).toContain('proposal client identity expired');
    else {
      expect(ordered.code).toBe('ABORTED');
      expect(ordered.text).toBe(
        'received unsuccessful response from orderer: status=BAD_REQUEST, info=broadcast client identity expired',
      );
    }
    const signed = editedProposal(expired.newProposal('get', { arguments: ['k'] }), signer.key);
    expect(await callRaw(client(), '/protos.Endorser/ProcessProposal', signed)).toEqual({
      code: status.UNKNOWN,
      text: 'proposal client identity expired',
    });
  });
}
