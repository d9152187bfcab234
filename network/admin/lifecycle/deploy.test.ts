import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { ProcessedTransaction } from '../../ledger/messages/index.ts';
import { type OfflineOrganization, offlineOrganization } from '../../ledger/testing/offline-channel.ts';
import { startScriptedNode } from '../testing/scripted-node.ts';
import { deployChaincode } from './deploy.ts';
import { DefinitionArgs, QueryDefinitionResult, ReadinessResult } from './messages.ts';
import { packageChaincode } from './package.ts';

const closing: (() => void)[] = [];
let organizations: OfflineOrganization[];

beforeAll(async () => {
  organizations = await Promise.all(['AMSP', 'BMSP'].map((mspId) => offlineOrganization(mspId, new Date())));
});
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A channel's lifecycle as two peers and an orderer would keep it; `behind` refuses that many commits first. */
async function startChannel(behind = 0) {
  const channel = {
    steps: [] as string[],
    approved: new Set<string>(),
    version: '',
    sequence: 0,
    refuse: behind,
    noLeader: 1,
  };
  const yes = (payload: Uint8Array = Buffer.from('ok')) => ({ status: 200, message: '', payload });
  const no = (message: string) => ({ status: 500, message });
  const answer = (mspId: string, name: string, args: Uint8Array) => {
    switch (name) {
      case 'InstallChaincode':
        channel.steps.push(`install ${mspId}`);
        return no("chaincode already successfully installed (package ID 'x')");
      case 'QueryChaincodeDefinition':
        if (channel.sequence === 0) return no('namespace dcloud is not defined');
        return yes(QueryDefinitionResult.encode({ sequence: channel.sequence, version: channel.version }));
      case 'CheckCommitReadiness': {
        const approvals = ['AMSP', 'BMSP'].map((key) => ({ key, value: channel.approved.has(key) }));
        return yes(ReadinessResult.encode({ approvals }));
      }
      case 'ApproveChaincodeDefinitionForMyOrg':
        channel.steps.push(`approve ${mspId}`);
        channel.approved.add(mspId);
        return yes();
      case 'CommitChaincodeDefinition': {
        if (channel.refuse-- > 0) return no(`chaincode definition not agreed to by this org (${mspId})`);
        const { version, sequence } = DefinitionArgs.decode(args);
        channel.steps.push(`commit ${mspId}`);
        Object.assign(channel, { version, sequence, approved: new Set() });
        return yes();
      }
      default:
        return yes(ProcessedTransaction.encode({ validationCode: 0 }));
    }
  };
  const nodes = organizations.map((organization) =>
    startScriptedNode(organization, {
      broadcast: () => (channel.noLeader-- > 0 ? { status: 503, info: 'no Raft leader' } : { status: 200, info: '' }),
      process: ([name, args]) => answer(organization.mspId, Buffer.from(name!).toString(), args ?? new Uint8Array(0)),
    }),
  );
  const started = await Promise.all(nodes);
  closing.push(...started.map(({ close }) => close));
  const members = started.map(({ connection }, place) => {
    return { mspId: organizations[place]!.mspId, peers: [connection] };
  });
  const deploy = (version: string) =>
    deployChaincode({
      definition: { channel: 'consortium', name: 'dcloud', version },
      chaincodePackage: packageChaincode('dcloud_1'),
      members,
      ordering: { orderer: started[0]!.connection },
    });
  return { channel, deploy };
}

describe('deploying a chaincode', () => {
  test('installs, approves and commits, though there is no leader yet and a peer is behind', async () => {
    const { channel, deploy } = await startChannel(1);
    expect(await deploy('1')).toMatchObject({ sequence: 1, committed: true });
    const steps = ['install AMSP', 'install BMSP', 'approve AMSP', 'approve BMSP', 'commit AMSP', 'commit BMSP'];
    expect(new Set(channel.steps)).toEqual(new Set(steps));
    expect(channel.steps.filter((step) => step === 'approve AMSP')).toHaveLength(2);
    expect(channel).toMatchObject({ version: '1', sequence: 1 });
  });

  test('again changes nothing, and a new version takes the next sequence', async () => {
    const { channel, deploy } = await startChannel();
    await deploy('1');
    const before = channel.steps.filter((step) => !step.startsWith('install')).length;
    expect(await deploy('1')).toMatchObject({ sequence: 1, committed: false });
    expect(channel.steps.filter((step) => !step.startsWith('install'))).toHaveLength(before);
    expect(await deploy('2')).toMatchObject({ sequence: 2, committed: true });
    expect(channel.version).toBe('2');
  });

  test('does not wait for what will not come', async () => {
    const deploying = deployChaincode({
      definition: { channel: 'consortium', name: 'dcloud', version: '1' },
      chaincodePackage: packageChaincode('dcloud_1'),
      members: [],
      ordering: { orderer: undefined as never },
    });
    await expect(deploying).rejects.toThrow('at least one peer');
  });
});
