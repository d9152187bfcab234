import { beforeAll, describe, expect, test } from '@jest/globals';
import { type ConfigGroup, ImplicitMetaPolicy, policyTypes } from '../../ledger/messages/index.ts';
import {
  type OfflineOrganization,
  offlineConfigBlock,
  offlineDescription,
  offlineGenesis,
  offlineOrganization,
} from '../../ledger/testing/offline-channel.ts';
import { readChannelConfig } from '../../ledger/verify/channel-config.ts';
import { genesisBlock } from '../config/genesis-block.ts';
import { rolePrincipal, signaturePolicy } from '../config/policies.ts';
import { groupAt, setPolicy } from '../config/tree.ts';
import {
  applyEdit,
  completing,
  configUpdate,
  consentersOf,
  copyGroup,
  type Formula,
  objections,
  policyPowers,
  proposeChange,
  quorums,
  reviewChange,
  signChange,
} from './index.ts';
import { isSatisfied } from './policy-algebra.ts';

/** What a member writes into its own group, by its own admin alone, everybody reviews with every change. */
const now = new Date('2026-11-22T12:00:00Z');
const versions = { lowest: '2.5' } as const;
let a: OfflineOrganization;
let b: OfflineOrganization;
let c: OfflineOrganization;
let genesis: Uint8Array;
let root: ConfigGroup;

beforeAll(async () => {
  [a, b, c] = (await Promise.all(['AMSP', 'BMSP', 'CMSP'].map((id) => offlineOrganization(id, now)))) as [
    OfflineOrganization,
    OfflineOrganization,
    OfflineOrganization,
  ];
  genesis = offlineGenesis([a, b, c], now);
  root = readChannelConfig(genesis).group;
});

const edited = (edit: (group: ConfigGroup) => void) => {
  const copy = copyGroup(root);
  edit(copy);
  return copy;
};

/** A channel of organizations that differ by name only: what counts is how many there are. */
function crowded(count: number): ConfigGroup {
  const description = offlineDescription([a]);
  const organizations = Array.from({ length: count }, (_, at) => ({
    ...description.organizations[0]!,
    mspId: `M${at}`,
  }));
  const consenters = description.consenters.map((consenter) => ({ ...consenter, mspId: 'M0' }));
  return readChannelConfig(genesisBlock({ ...description, organizations, consenters }, now)).group;
}

describe('counting who approves and blocks', () => {
  const named = (count: number, n: number, mspId = (at: number) => `Invented${at}MSP`) =>
    signaturePolicy(
      Array.from({ length: count }, (_, at) => rolePrincipal(mspId(at), 'admin')),
      n,
    );

  test('MSPs that are not in the channel are left out, however many a policy names', () => {
    const after = edited((copy) => setPolicy(groupAt(copy, ['Application', 'CMSP']), 'Crowd', named(19, 1)));
    expect(policyPowers(after).get('/Channel/Application/CMSP/Crowd')).toMatchObject({ approve: [], block: [[]] });
    const mixed = (at: number) => (at === 0 ? 'AMSP' : `Invented${at}MSP`);
    const one = edited((copy) => setPolicy(groupAt(copy, ['Application', 'CMSP']), 'Crowd', named(500, 1, mixed)));
    expect(policyPowers(one).get('/Channel/Application/CMSP/Crowd')).toMatchObject({
      approve: [['AMSP']],
      block: [['AMSP']],
    });
  });

  test('a rule or a principal that nobody knows stops no review', () => {
    const unknownRule = {
      type: policyTypes.implicitMeta,
      value: ImplicitMetaPolicy.encode({ rule: 7, subPolicy: 'Admins' }),
    };
    const strange = signaturePolicy([
      { classification: 9, principal: new Uint8Array(3) },
      { classification: 0, principal: new Uint8Array([255, 255]) },
    ]);
    const broken = { type: policyTypes.signature, value: new Uint8Array([255, 255]) };
    const after = edited((copy) => {
      const own = groupAt(copy, ['Application', 'CMSP']);
      for (const [name, policy] of Object.entries({ unknownRule, strange, broken })) setPolicy(own, name, policy);
    });
    const powers = policyPowers(after);
    expect(powers.get('/Channel/Application/CMSP/unknownRule')).toMatchObject({ rule: 'rule 7 Admins', approve: [[]] });
    expect(powers.get('/Channel/Application/CMSP/strange')).toMatchObject({ approve: [] });
    expect(powers.get('/Channel/Application/CMSP/broken')).toMatchObject({ rule: 'unreadable', approve: [] });
    expect(objections(root, after, versions).map(({ path }) => path)).toEqual([
      '/Channel/Application/CMSP/strange',
      '/Channel/Application/CMSP/broken',
    ]);
  });

  test('more sets than anybody would read are not listed, and who decides alone still is', () => {
    const organizations = Array.from({ length: 40 }, (_, at): Formula => ({ kind: 'organization', mspId: `M${at}` }));
    const halfOf: Formula = { kind: 'atLeast', n: 20, of: organizations };
    const chair: Formula = { kind: 'atLeast', n: 2, of: [organizations[0]!, halfOf] };
    expect(quorums(chair)).toEqual({
      approve: [],
      block: [['M0']],
      uncounted: 'not computed, names too many: sets of 40 organizations',
    });
    const signed = new Set(['M0', 'M1']);
    const [set, ...others] = completing(chair, signed, (mspId) => mspId !== 'M2');
    expect(others).toEqual([]);
    expect(set).toHaveLength(18);
    expect(isSatisfied(chair, new Set([...signed, ...set!]))).toBe(true);
    expect(completing(chair, signed, (mspId) => mspId === 'M3')).toEqual([]);
  });

  test('a member that fills its own group with costly policies keeps no gateway busy and hides nothing that is shared', () => {
    const group = crowded(12);
    const sets = Array.from({ length: 200 }, (_, k) => named(12 + k, 6, (at) => `M${at % 12}`));
    for (const [k, policy] of sets.entries()) setPolicy(groupAt(group, ['Application', 'M0']), `Costly${k}`, policy);
    // The processor's time, so that what else runs on the machine does not count.
    const before = process.threadCpuUsage();
    const powers = policyPowers(group);
    const { user, system } = process.threadCpuUsage(before);
    expect((user + system) / 1_000).toBeLessThan(2_000);
    const shared = powers.get('/Channel/Application/Admins')!;
    expect(shared.uncounted).toBeUndefined();
    expect(shared.approve).toHaveLength(792);
    expect([...powers.values()].some(({ uncounted }) => uncounted?.startsWith('not computed'))).toBe(true);
  });
});

describe('a member that breaks its own group', () => {
  const ghosts = Array.from({ length: 19 }, (_, at) => rolePrincipal(`Ghost${at}MSP`, 'admin'));
  const inForce = () =>
    edited((copy) => {
      setPolicy(groupAt(copy, ['Application', 'CMSP']), 'Crowd', signaturePolicy(ghosts));
      setPolicy(groupAt(copy, ['Application', 'CMSP']), 'Admins', signaturePolicy(ghosts.slice(0, 1)));
    });

  test('stops no change of the others, and what is wrong stays in sight', () => {
    const block = offlineConfigBlock(genesis, configUpdate('offline', root, inForce()), [c.admin], a.orderer);
    const proposal = proposeChange(block, { kind: 'set-batch', timeout: '1s' }, 'x', versions);
    const signed = signChange(signChange(proposal, block, a.admin, versions), block, b.admin, versions);
    const { objections: found, cautions, progress } = reviewChange(signed, block, versions);
    expect(found).toEqual([]);
    expect(progress).toMatchObject({ complete: true });
    expect(cautions.map(({ code, path }) => `${code} ${path}`)).toContain(
      'NAMES_ABSENT_MSP /Channel/Application/CMSP/Crowd',
    );
    expect(cautions.find(({ code }) => code === 'POLICY_UNSATISFIABLE')!.sentence).toMatch(
      /^\/Channel\/Application\/CMSP\/Admins, wrong already: /,
    );
  });

  test('is still kept from it where others are asked, and from more of it', () => {
    expect(objections(root, inForce(), versions).map(({ code }) => code)).toContain('POLICY_UNSATISFIABLE');
    const worse = copyGroup(inForce());
    setPolicy(groupAt(worse, ['Application']), 'Endorsement', signaturePolicy(ghosts));
    expect(objections(inForce(), worse, versions).map(({ path }) => path)).toEqual([
      '/Channel/Application/Endorsement',
    ]);
  });

  test('can be removed', () => {
    const flawed = inForce();
    const wanted = copyGroup(flawed);
    for (const { address } of consentersOf(wanted)!.filter((_, at) => at === 2)) {
      applyEdit(wanted, { kind: 'remove-consenter', address });
    }
    applyEdit(wanted, { kind: 'remove-organization', mspId: 'CMSP' });
    expect(objections(flawed, wanted, versions)).toEqual([]);
  });
});
