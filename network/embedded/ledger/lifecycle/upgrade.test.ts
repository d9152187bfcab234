import { type Contract, connect, hash } from '@hyperledger/fabric-gateway';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  ApproveArgs,
  buildProposal,
  committedDefinition,
  DefinitionArgs,
  definitionArgs,
  installChaincode,
  installedPackages,
  type PeerConnection,
  packageChaincode,
} from '../../../admin/index.ts';
import { signatory } from '../../../ledger/identity.ts';
import { type Member, ProbeNetwork } from '../testing/probe-network.ts';
import { callRaw } from '../testing/proposals.ts';
import {
  ChaincodeInvocationSpec,
  ChaincodeProposalPayload,
  Proposal,
  ProposalResponse,
  SignedProposal,
} from '../wire/proposal.ts';

const chaincodePackage = packageChaincode('probe_2');
const definition = { channel: 'probes', name: 'probe', version: '2', sequence: 2 };
let network: ProbeNetwork;
/** The same configuration, with a service for the package: that of a chaincode that runs anyway. */
let withService: Parameters<ProbeNetwork['restart']>[0];

beforeAll(async () => {
  network = await ProbeNetwork.start([{ name: 'probe' }, { name: 'other' }]);
  const { address, tls } = network.config.chaincodes.find(({ name }) => name === 'other')!;
  const packages = { [chaincodePackage.label]: { address, tls } };
  withService = { organizations: network.config.organizations.map((each) => ({ ...each, packages })) };
  await network.restart(withService);
}, 60_000);
afterAll(() => network[Symbol.asyncDispose]());

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
const probe = (member: Member): Contract => network.gateway(member).getNetwork('probes').getContract('probe');
const adminOf = (member: Member) => {
  const { mspId, signer } = network.identity(member, 'admin');
  return signatory({ mspId, certificate: signer.certificate, privateKey: signer.key });
};
const peer = (member: Member): PeerConnection => ({
  client: network.client(member),
  signatory: adminOf(member),
  name: member,
});

async function order(member: Member, name: string, args: Uint8Array, endorsers: readonly Member[]): Promise<number> {
  const admin = adminOf(member);
  const gateway = connect({
    client: network.client(member),
    identity: { mspId: member, credentials: Buffer.from(admin.certificate) },
    signer: async (message) => admin.sign(message),
    hash: hash.none,
  });
  const lifecycle = gateway.getNetwork('probes').getContract('_lifecycle');
  const proposal = lifecycle.newProposal(name, { arguments: [args], endorsingOrganizations: [...endorsers] });
  return (await (await (await proposal.endorse()).submit()).getStatus()).code;
}

test('a chaincode that the configuration names can be upgraded by the organizations, and stays so over a restart', async () => {
  expect(await committedDefinition(peer('A'), 'probes', 'probe')).toMatchObject({ version: '1', sequence: 1 });
  await probe('A').submitTransaction('put', 'k', 'before');
  for (const member of ['A', 'B', 'C'] as const) await installChaincode(peer(member), chaincodePackage);
  const source = { local: { packageId: chaincodePackage.packageId } };
  const approval = ApproveArgs.encode({ ...definitionArgs(definition), source });
  for (const member of ['A', 'B'] as const) {
    expect(await order(member, 'ApproveChaincodeDefinitionForMyOrg', approval, [member])).toBe(0);
  }
  const commitment = DefinitionArgs.encode(definitionArgs(definition));
  expect(await order('A', 'CommitChaincodeDefinition', commitment, ['A', 'B'])).toBe(0);
  for (const again of [false, true]) {
    if (again) await network.restart(withService);
    expect(await committedDefinition(peer('C'), 'probes', 'probe')).toMatchObject({ version: '2', sequence: 2 });
    expect((await installedPackages(peer('C'))).map(({ packageId }) => packageId)).toEqual([
      chaincodePackage.packageId,
    ]);
    expect(text(await probe('A').evaluateTransaction('get', 'k'))).toBe(again ? 'after' : 'before');
    await probe('B').submitTransaction('put', 'k', 'after');
    const atC = probe('A').newProposal('get', { arguments: ['k'], endorsingOrganizations: ['C'] });
    await expect(atC.endorse()).rejects.toThrow('failed to find any endorsing peers for org(s): C');
  }
}, 60_000);

test('a chaincode whose definition asks for it answers nothing until it is initialized', async () => {
  const asked = { ...definition, version: '3', sequence: 3 };
  const args = { ...definitionArgs(asked), initRequired: true };
  const approval = ApproveArgs.encode({ ...args, source: { local: { packageId: chaincodePackage.packageId } } });
  for (const member of ['A', 'B'] as const) {
    expect(await order(member, 'ApproveChaincodeDefinitionForMyOrg', approval, [member])).toBe(0);
  }
  expect(await order('A', 'CommitChaincodeDefinition', DefinitionArgs.encode(args), ['A', 'B'])).toBe(0);
  const early = await ask(false);
  expect(early).toMatchObject({
    status: 500,
    message: expect.stringMatching(
      /^error in simulation: failed to execute transaction [0-9a-f]{64}: invalid invocation: chaincode 'probe' has not been initialized for this version, must call as init first$/,
    ),
  });
  expect((await ask(true)).status).toBe(200);
});

/** Asks the peer of A for `get k`, or to initialize the chaincode with these arguments. */
async function ask(isInit: boolean): Promise<{ readonly status: number; readonly message: string }> {
  const admin = adminOf('A');
  const call = { channel: 'probes', chaincode: 'probe', args: ['get', 'k'], now: new Date() };
  const { bytes } = buildProposal(admin, call);
  const { header } = Proposal.decode(bytes);
  const input = { args: call.args.map((arg) => Buffer.from(arg)), isInit };
  const spec = { type: 2, chaincodeId: { name: 'probe' }, input };
  const payload = ChaincodeProposalPayload.encode({ input: ChaincodeInvocationSpec.encode({ chaincodeSpec: spec }) });
  const proposalBytes = Proposal.encode({ header, payload });
  const signed = SignedProposal.encode({ proposalBytes, signature: admin.sign(proposalBytes) });
  const answer = await callRaw(network.client('A'), '/protos.Endorser/ProcessProposal', signed);
  return ProposalResponse.decode(answer.bytes).response as { status: number; message: string };
}
