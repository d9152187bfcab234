import {
  ApproveArgs,
  ask,
  type ChaincodeDefinition,
  commitReadiness,
  committedDefinition,
  DefinitionArgs,
  definitionArgs,
  deployChaincode,
  installChaincode,
  installedPackages,
  packageChaincode,
} from '@d-cloud/network/admin';
import type { Contract } from '@hyperledger/fabric-gateway';
import { expect, test } from '@jest/globals';
import { until } from '../../support/until.ts';
import { commit, failure, text } from './answers.ts';
import type { Stage } from './conformance.ts';
import { type Member, members } from './probe-consortium.ts';
import { field } from './raw-calls.ts';

const first = packageChaincode('agreed_1');
const second = packageChaincode('agreed_2');
const majority = ['A', 'B'] as const;

const definition = (change: Partial<ChaincodeDefinition> = {}): ChaincodeDefinition => ({
  channel: 'probes',
  name: 'agreed',
  version: '1',
  sequence: 1,
  endorsement: { kind: 'signatures', rule: "OR('A.peer','B.peer','C.peer')" },
  ...change,
});

const collection = (name: string, blockToLive = 0) => ({
  name,
  members: ['A', 'B'],
  requiredPeerCount: 0,
  maximumPeerCount: 1,
  blockToLive,
  memberOnlyRead: true,
  memberOnlyWrite: true,
});

/** How organizations agree upon a chaincode, from its package to its upgrade, and what stands in their way. */
export function lifecycleStories(stage: () => Stage): void {
  /** `_lifecycle` as an organization's admin reaches it through the gateway. */
  const lifecycle = (member: Member, name = 'admin') => {
    const { consortium } = stage();
    const { signer } = consortium.identity(member, name);
    return consortium.gateway(member, signer, member).getNetwork(consortium.channel).getContract('_lifecycle');
  };
  const order = async (member: Member, name: string, args: Uint8Array, endorsers?: readonly Member[]) => {
    const named = endorsers === undefined ? {} : { endorsingOrganizations: [...endorsers] };
    const proposal = lifecycle(member).newProposal(name, { arguments: [args], ...named });
    return (await (await proposal.endorse()).submit()).getStatus();
  };
  /** Waits until what an organization's peer runs now has reached it, and by gossip the peer that is asked. */
  const endorsedAlone = (agreed: Contract, by: Member, value: string) =>
    until(`${by} to endorse`, async () => (await commit(agreed, 'put', ['k', value], [by])).code === 0);
  const approve = (member: Member, agreed: ChaincodeDefinition, packageId?: string) => {
    const source = packageId === undefined ? { unavailable: {} } : { local: { packageId } };
    const args = ApproveArgs.encode({ ...definitionArgs(agreed), source });
    return order(member, 'ApproveChaincodeDefinitionForMyOrg', args, [member]);
  };
  const put = (agreed: ChaincodeDefinition, endorsers: readonly Member[] = majority) =>
    order('A', 'CommitChaincodeDefinition', DefinitionArgs.encode(definitionArgs(agreed)), endorsers);
  /** Why a peer refuses a call to `_lifecycle`, without the front of our own sentence. */
  const refusal = async (member: Member, args: readonly (string | Uint8Array)[], as = 'admin', of = member) => {
    const channel = args[0] === 'InstallChaincode' || String(args[0]).includes('Installed') ? '' : 'probes';
    const asked = ask(stage().consortium.peer(member, as, of), { channel, chaincode: '_lifecycle', args }, 'asking');
    const error = await asked.then(
      () => undefined,
      (cause: Error) => cause,
    );
    return error?.message.replace(/^asking at [ABC]: /, '');
  };
  const approval = (agreed: ChaincodeDefinition) =>
    [
      'ApproveChaincodeDefinitionForMyOrg',
      ApproveArgs.encode({ ...definitionArgs(agreed), source: undefined }),
    ] as const;
  const failed = (name: string, why: string) => `failed to invoke backing implementation of '${name}': ${why}`;
  const notAdmin = (mspId: string) =>
    `Failed to authorize invocation due to failed ACL check: Failed verifying that proposal's creator satisfies local MSP principal during channelless check policy with policy [Admins]: [The identity is not an admin under this MSP [${mspId}]: The identity does not contain OU [ADMIN], MSP: [${mspId}]]`;

  test('a package is installed by admins, once, and listed with its label', async () => {
    const { consortium } = stage();
    for (const member of members) {
      expect(await installChaincode(consortium.peer(member), first)).toBe(first.packageId);
    }
    expect(await installedPackages(consortium.peer('A'))).toContainEqual({
      packageId: first.packageId,
      label: 'agreed_1',
    });
    expect(await refusal('A', ['InstallChaincode', field(1, first.bytes)])).toBe(
      failed('InstallChaincode', `chaincode already successfully installed (package ID '${first.packageId}')`),
    );
    expect(await refusal('A', ['InstallChaincode', field(1, first.bytes)], 'gateway')).toBe(notAdmin('A'));
  });

  test('what is no package, or has no service, is not installed', async () => {
    const why = 'could not parse as a chaincode install package: error reading as gzip stream: gzip: invalid header';
    expect(await refusal('A', ['InstallChaincode', field(1, Buffer.from('this is no package at all'))])).toBe(
      failed('InstallChaincode', why),
    );
    const unserved = packageChaincode('nobody_serves_this');
    expect(await refusal('A', ['InstallChaincode', field(1, unserved.bytes)])).toBe(
      failed(
        'InstallChaincode',
        "could not build chaincode: external builder failed: external builder failed to release: builder 'dcloud' release failed: exit status 1",
      ),
    );
    expect((await installedPackages(stage().consortium.peer('A'))).map(({ label }) => label)).not.toContain(
      'nobody_serves_this',
    );
  });

  test('a chaincode that nobody agreed upon is not defined', async () => {
    expect(await committedDefinition(stage().consortium.peer('A'), 'probes', 'agreed')).toBeUndefined();
    expect(await refusal('A', ['QueryChaincodeDefinition', field(1, 'agreed')])).toBe(
      'namespace agreed is not defined',
    );
    expect(await refusal('A', ['QueryApprovedChaincodeDefinition', field(1, 'agreed')])).toBe(
      failed(
        'QueryApprovedChaincodeDefinition',
        "could not fetch approved chaincode definition (name: 'agreed', sequence: '0') on channel 'probes'",
      ),
    );
  });

  test('definitions that none may agree upon are refused', async () => {
    const wrong = async (change: Partial<ChaincodeDefinition>) => refusal('A', approval(definition(change)));
    const invalid = (why: string) => failed('ApproveChaincodeDefinitionForMyOrg', why);
    expect(await wrong({ name: 'no spaces' })).toBe(
      invalid(
        "error validating chaincode definition: invalid chaincode name 'no spaces'. Names can only consist of alphanumerics, '_', and '-' and can only begin with alphanumerics",
      ),
    );
    expect(await wrong({ name: 'qscc' })).toBe(
      invalid("error validating chaincode definition: chaincode name 'qscc' is the name of a system chaincode"),
    );
    expect(await wrong({ version: 'a b' })).toBe(
      invalid(
        "error validating chaincode definition: invalid chaincode version 'a b'. Versions can only consist of alphanumerics, '_', '-', '+', and '.'",
      ),
    );
    expect(await wrong({ collections: [{ ...collection('ab'), members: ['A', 'Z'] }] })).toBe(
      invalid(
        "error validating chaincode definition: collection-name: ab -- collection member 'Z' is not part of the channel",
      ),
    );
    expect(await wrong({ sequence: 0 })).toBe(
      invalid('requested sequence is 0, but first definable sequence number is 1'),
    );
    expect(await wrong({ sequence: 9 })).toBe(
      invalid('requested sequence 9 is larger than the next available sequence number 1'),
    );
    expect(await refusal('A', ['NoSuchFunction', ''])).toBe(
      'Failed to authorize invocation due to failed ACL check: Unmapped policy for _lifecycle/NoSuchFunction',
    );
    expect(await refusal('A', ['QueryChaincodeDefinitions'])).toBe(
      'lifecycle scc operations require exactly two arguments but received 1',
    );
  });

  test("only an organization's own admins approve for it", async () => {
    expect(await refusal('A', approval(definition()), 'gateway')).toBe(notAdmin('A'));
    expect(await refusal('A', approval(definition()), 'admin', 'B')).toBe(
      'Failed to authorize invocation due to failed ACL check: Failed deserializing proposal creator during channelless check policy with policy [Admins]: [expected MSP ID A, received B]',
    );
  });

  test('a definition is in force when enough organizations have approved it and not before', async () => {
    const { consortium } = stage();
    expect((await approve('A', definition(), first.packageId)).code).toBe(0);
    expect(await commitReadiness(consortium.peer('A'), definition())).toEqual(
      new Map([
        ['A', true],
        ['B', false],
        ['C', false],
      ]),
    );
    expect(await refusal('A', approval(definition()))).toBeUndefined();
    const again = ApproveArgs.encode({
      ...definitionArgs(definition()),
      source: { local: { packageId: first.packageId } },
    });
    expect(await refusal('A', ['ApproveChaincodeDefinitionForMyOrg', again])).toBe(
      failed(
        'ApproveChaincodeDefinitionForMyOrg',
        'attempted to redefine uncommitted sequence (1) for namespace agreed with unchanged content',
      ),
    );
    const early = ['CommitChaincodeDefinition', DefinitionArgs.encode(definitionArgs(definition()))];
    expect(await refusal('B', early)).toBe(
      failed('CommitChaincodeDefinition', 'chaincode definition not agreed to by this org (B)'),
    );
    expect((await put(definition(), ['A'])).code).toBe(10);
    expect((await approve('B', definition(), first.packageId)).code).toBe(0);
    expect((await put(definition())).code).toBe(0);
    const inForce = await committedDefinition(consortium.peer('C'), 'probes', 'agreed');
    expect(inForce).toEqual({
      version: '1',
      sequence: 1,
      approvals: new Map([
        ['A', true],
        ['B', true],
        ['C', false],
      ]),
    });
    expect(await refusal('A', ['CheckCommitReadiness', early[1]!])).toBe(
      failed('CheckCommitReadiness', 'requested sequence is 1, but new definition must be sequence 2'),
    );
  });

  test('an agreed chaincode runs at those who approved a package, and at nobody else', async () => {
    const agreed = stage().contract('A', 'agreed');
    expect((await commit(agreed, 'put', ['k', 'v'], ['A'])).code).toBe(0);
    const atB = async () => text(await stage().contract('B', 'agreed').evaluateTransaction('get', 'k')) === 'v';
    await until("B's peer to have the block", atB);
    const atC = agreed.newProposal('get', { arguments: ['k'], endorsingOrganizations: ['C'] });
    expect(await failure(atC.endorse())).toMatchObject({
      code: 'UNAVAILABLE',
      text: 'failed to find any endorsing peers for org(s): C',
    });
    expect((await approve('C', definition(), first.packageId)).code).toBe(0);
    await endorsedAlone(agreed, 'C', 'w');
  });

  test('an upgrade ends what was endorsed before it, and brings its collections with it', async () => {
    const agreed = stage().contract('A', 'agreed');
    for (const member of members) await installChaincode(stage().consortium.peer(member), second);
    const next = definition({ version: '2', sequence: 2, collections: [collection('kept')] });
    const late = await agreed.newProposal('put', { arguments: ['late', 'v'], endorsingOrganizations: ['A'] }).endorse();
    for (const member of members) expect((await approve(member, next, second.packageId)).code).toBe(0);
    expect((await put(next)).code).toBe(0);
    expect((await (await late.submit()).getStatus()).code).toBe(11);
    await endorsedAlone(agreed, 'B', 'x');
    const secret = { transientData: { v: Buffer.from('s') }, endorsingOrganizations: ['A'] };
    await agreed.submit('pput', { arguments: ['kept', 'p'], ...secret });
    expect(text(await agreed.evaluateTransaction('pget', 'kept', 'p'))).toBe('s');
  });

  test('all steps of an upgrade in one go are done once', async () => {
    const { consortium } = stage();
    const { sequence: _, ...next } = definition({ version: '3', collections: [collection('kept')] });
    const request = {
      definition: next,
      chaincodePackage: second,
      members: members.map((mspId) => ({ mspId, peers: [consortium.peer(mspId)] })),
      ordering: { orderer: consortium.orderer('A') },
    };
    expect(await deployChaincode(request)).toEqual({ sequence: 3, packageId: second.packageId, committed: true });
    expect(await deployChaincode(request)).toEqual({ sequence: 3, packageId: second.packageId, committed: false });
    await endorsedAlone(stage().contract('A', 'agreed'), 'C', 'y');
  });

  test('a chaincode whose definition asks to be initialized first answers nothing before', async () => {
    const begun = { ...definitionArgs(definition({ name: 'begun' })), initRequired: true };
    const approval = ApproveArgs.encode({ ...begun, source: { local: { packageId: first.packageId } } });
    for (const member of members) {
      const { code } = await order(member, 'ApproveChaincodeDefinitionForMyOrg', approval, [member]);
      expect(code).toBe(0);
    }
    // The gateway knows itself who must endorse an agreement.
    expect((await order('A', 'CommitChaincodeDefinition', DefinitionArgs.encode(begun))).code).toBe(0);
    const early = await failure(
      stage()
        .contract('A', 'begun')
        .evaluate('get', { arguments: ['k'], endorsingOrganizations: ['A'] }),
    );
    expect(early.code).toBe('ABORTED');
    expect(early.details[0]).toMatch(
      /^A: error in simulation: failed to execute transaction [0-9a-f]{64}: invalid invocation: chaincode 'begun' has not been initialized for this version, must call as init first$/,
    );
  });

  test('an agreement in force is neither changed under its sequence nor robbed of its collections', async () => {
    const name = 'ApproveChaincodeDefinitionForMyOrg';
    const now = definition({ version: '3', sequence: 3, collections: [collection('kept')] });
    expect(await refusal('A', approval({ ...now, version: '4' }))).toBe(
      failed(
        name,
        "attempted to redefine the current committed sequence (3) for namespace agreed with different parameters: expected Version '3' does not match passed Version '4'",
      ),
    );
    expect(await refusal('A', approval({ ...now, sequence: 1 }))).toBe(
      failed(name, 'currently defined sequence 3 is larger than requested sequence 1'),
    );
    expect(await refusal('A', approval({ ...now, sequence: 4, collections: [] }))).toBe(
      failed(
        name,
        'error validating chaincode definition: the proposed collection config does not contain previously defined collections',
      ),
    );
    expect(await refusal('A', approval({ ...now, sequence: 4, collections: [collection('kept', 5)] }))).toBe(
      failed(
        name,
        'error validating chaincode definition: the BlockToLive in an existing collection [kept] modified. Existing value [0]',
      ),
    );
  });
}
