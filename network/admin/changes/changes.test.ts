import { beforeAll, describe, expect, test } from '@jest/globals';
import { Capabilities, type ConfigGroup, ConsensusType, RaftMetadata } from '../../ledger/messages/index.ts';
import {
  type OfflineOrganization,
  offlineDescription,
  offlineGenesis,
  offlineOrganization,
} from '../../ledger/testing/offline-channel.ts';
import { readChannelConfig } from '../../ledger/verify/channel-config.ts';
import { describeGroup } from '../config/describe-config.ts';
import { genesisBlock } from '../config/genesis-block.ts';
import { applicationGroup } from '../config/organization-group.ts';
import { implicitPolicy, rolePrincipal, signaturePolicy } from '../config/policies.ts';
import { groupAt, setPolicy, setValue } from '../config/tree.ts';
import {
  applyEdit,
  type ConfigEdit,
  configUpdate,
  consentersOfOrganization,
  copyGroup,
  objections,
  policyPowers,
  proposeChange,
  refuseChange,
  reviewChange,
  signChange,
  simulateUpdate,
  submitChange,
} from './index.ts';

const now = new Date('2026-11-22T12:00:00Z');
const versions = { lowest: '2.5' } as const;
let a: OfflineOrganization;
let b: OfflineOrganization;
let c: OfflineOrganization;
let d: OfflineOrganization;
let genesis: Uint8Array;
let root: ConfigGroup;

beforeAll(async () => {
  [a, b, c, d] = (await Promise.all(['AMSP', 'BMSP', 'CMSP', 'DMSP'].map((id) => offlineOrganization(id, now)))) as [
    OfflineOrganization,
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
const touchedBy = (to: ConfigGroup) =>
  simulateUpdate(configUpdate('offline', root, to), root).touched.map(
    ({ kind, path, change, guard }) => `${change} ${kind} ${path} <- ${guard ?? 'its group'}`,
  );
const withoutVersions = (group: ConfigGroup): unknown =>
  JSON.parse(
    JSON.stringify(group, (key, value) => {
      if (key === 'version') return undefined;
      return value instanceof Map ? Object.fromEntries([...value].sort()) : value;
    }),
  );

describe('a config update', () => {
  const changes: [string, ConfigEdit, string[]][] = [
    [
      'of the batch timeout touches one value',
      { kind: 'set-batch', timeout: '1s' },
      ['changed value /Channel/Orderer/BatchTimeout <- /Channel/Orderer/Admins'],
    ],
    [
      'of a policy touches it alone',
      { kind: 'set-policy', path: '/Channel/Application/Endorsement', rule: 'ANY Endorsement' },
      ['changed policy /Channel/Application/Endorsement <- /Channel/Application/Admins'],
    ],
    [
      "of anchor peers changes the organization's own group, for the value is new",
      { kind: 'set-anchor-peers', mspId: 'BMSP', addresses: ['peer.b:7051'] },
      [
        'changed group /Channel/Application/BMSP <- /Channel/Application/BMSP/Admins',
        'added value /Channel/Application/BMSP/AnchorPeers <- its group',
      ],
    ],
    [
      'that removes an organization changes both groups it was in',
      { kind: 'remove-organization', mspId: 'CMSP' },
      [
        'changed group /Channel/Orderer <- /Channel/Orderer/Admins',
        'removed group /Channel/Orderer/CMSP <- /Channel/Orderer/Admins',
        'changed group /Channel/Application <- /Channel/Application/Admins',
        'removed group /Channel/Application/CMSP <- /Channel/Application/Admins',
      ],
    ],
    [
      'of the channel capability asks for both sections',
      { kind: 'set-capability', section: 'Channel', name: 'V3_0' },
      ['changed value /Channel/Capabilities <- /Channel/Admins'],
    ],
  ];
  test.each(changes)('%s', (_name, edit, touched) => {
    expect(touchedBy(edited((copy) => applyEdit(copy, edit))).sort()).toEqual([...touched].sort());
  });

  test.each(changes)('%s, and simulated gives the configuration that was wanted', (_name, edit) => {
    const wanted = edited((copy) => applyEdit(copy, edit));
    const { after } = simulateUpdate(configUpdate('offline', root, wanted), root);
    expect(withoutVersions(after)).toEqual(withoutVersions(wanted));
  });

  test('raises versions by one, so that it does not fit twice', () => {
    const update = configUpdate(
      'offline',
      root,
      edited((copy) => applyEdit(copy, { kind: 'set-batch', timeout: '1s' })),
    );
    const { after } = simulateUpdate(update, root);
    expect(after.groups.get('Orderer')!.values.get('BatchTimeout')!.version).toBe(1);
    expect(() => simulateUpdate(update, after)).toThrow('propose it again');
  });

  test('of nothing is refused', () => {
    expect(() => configUpdate('offline', root, copyGroup(root))).toThrow('is the one in force');
  });

  test.each([
    ['adds a member that is there', { kind: 'add-organization', mspId: 'AMSP', roots: undefined }, 'a member already'],
    ['removes a stranger', { kind: 'remove-organization', mspId: 'XMSP' }, 'no member'],
    ['removes a consenter that is none', { kind: 'remove-consenter', address: 'nowhere:1' }, 'no consenter'],
    [
      'sets a rule that is none',
      { kind: 'set-policy', path: '/Channel/Admins', rule: 'MOST Admins' },
      'is not a policy',
    ],
    ['sets a policy nowhere', { kind: 'set-policy', path: '/Channel/Nowhere/X', rule: 'ANY Admins' }, 'no group'],
  ])('is not made of an edit that %s', (_name, edit, reason) => {
    expect(() => edited((copy) => applyEdit(copy, edit as ConfigEdit))).toThrow(reason);
  });
});

describe('who can block us', () => {
  test('in a majority of three, any two approve and any two block', () => {
    const powers = policyPowers(root);
    expect(powers.get('/Channel/Application/Admins')).toEqual({
      rule: 'MAJORITY Admins',
      approve: [
        ['AMSP', 'BMSP'],
        ['AMSP', 'CMSP'],
        ['BMSP', 'CMSP'],
      ],
      block: [
        ['AMSP', 'BMSP'],
        ['AMSP', 'CMSP'],
        ['BMSP', 'CMSP'],
      ],
    });
    expect(powers.get('/Channel/Application/BMSP/Admins')).toMatchObject({ approve: [['BMSP']], block: [['BMSP']] });
    expect(powers.get('/Channel/Readers')).toMatchObject({ approve: [['AMSP'], ['BMSP'], ['CMSP']] });
  });

  test('with two members either one blocks', () => {
    const two = readChannelConfig(offlineGenesis([a, b], now)).group;
    expect(policyPowers(two).get('/Channel/Application/Admins')).toMatchObject({
      approve: [['AMSP', 'BMSP']],
      block: [['AMSP'], ['BMSP']],
    });
  });

  test('a policy that is missing cannot be approved and is blocked already', () => {
    const after = edited((copy) => {
      groupAt(copy, ['Application', 'AMSP']).policies.delete('Admins');
      groupAt(copy, ['Application', 'BMSP']).policies.delete('Admins');
    });
    expect(policyPowers(after).get('/Channel/Application/Admins')).toMatchObject({ approve: [], block: [[]] });
  });

  test('shows what adding a fourth member does to every majority', () => {
    const edit: ConfigEdit = { kind: 'add-organization', mspId: 'DMSP', roots: d.roots };
    const { impact } = reviewChange(proposeChange(genesis, edit, 'D joins', versions), genesis, versions);
    const admins = impact.find(({ path }) => path === '/Channel/Application/Admins')!;
    expect(admins.before!.approve[0]).toHaveLength(2);
    expect(admins.after!.approve[0]).toHaveLength(3);
    expect(admins.after!.block[0]).toHaveLength(2);
  });
});

describe('the guard', () => {
  const objectsTo = (edit: (group: ConfigGroup) => void) =>
    objections(root, edited(edit), versions).map(({ code }) => code);

  test('has nothing against the configuration in force', () => {
    expect(objections(root, root, versions)).toEqual([]);
  });

  test('refuses a capability that some peer does not know, which would end every peer for good', () => {
    const both = Capabilities.encode({
      capabilities: new Map([
        ['V2_5', {}],
        ['V9_9', {}],
      ]),
    });
    expect(objectsTo((copy) => setValue(groupAt(copy, ['Application']), 'Capabilities', both))).toEqual([
      'UNKNOWN_CAPABILITY',
    ]);
    expect(objectsTo((copy) => applyEdit(copy, { kind: 'set-capability', section: 'Channel', name: 'V3_0' }))).toEqual([
      'UNKNOWN_CAPABILITY',
    ]);
    const newer = edited((copy) => applyEdit(copy, { kind: 'set-capability', section: 'Channel', name: 'V3_0' }));
    expect(objections(root, newer, { lowest: '3.1' })).toEqual([]);
  });

  test('refuses a deleted Admins policy, which would freeze its group', () => {
    expect(objectsTo((copy) => groupAt(copy, ['Application']).policies.delete('Admins'))).toContain('POLICY_MISSING');
  });

  test('refuses an admin policy naming an absent MSP, which would lock that organization out', () => {
    const ghost = signaturePolicy([rolePrincipal('GhostMSP', 'admin')]);
    expect(objectsTo((copy) => setPolicy(groupAt(copy, ['Application', 'AMSP']), 'Admins', ghost))).toEqual([
      'NAMES_ABSENT_MSP',
      'POLICY_UNSATISFIABLE',
    ]);
  });

  test('refuses one MSP under two names, which would count twice', () => {
    expect(
      objectsTo((copy) => groupAt(copy, ['Application']).groups.set('Shadow', applicationGroup('AMSP', a.roots))),
    ).toEqual(['MSP_TWICE']);
  });

  test('refuses a policy of a sub-policy that nobody has', () => {
    const nothing = implicitPolicy('ANY', 'Nothing');
    expect(objectsTo((copy) => setPolicy(groupAt(copy, ['Application']), 'Admins', nothing))).toContain(
      'POLICY_UNSATISFIABLE',
    );
  });

  test('refuses a section without members, which anyone could change', () => {
    expect(objectsTo((copy) => groupAt(copy, ['Application']).groups.clear())).toContain('POLICY_OPEN');
  });

  test.each([
    ['soon', 'BATCH'],
    ['0s', 'BATCH'],
    ['', 'BATCH'],
  ])('refuses the batch timeout %p', (timeout, code) => {
    expect(objectsTo((copy) => applyEdit(copy, { kind: 'set-batch', timeout }))).toEqual([code]);
  });

  test('refuses two consenters at once, and none at all', () => {
    const none = RaftMetadata.encode({ consenters: [] });
    const bytes = ConsensusType.encode({ type: 'etcdraft', metadata: none });
    expect(objectsTo((copy) => setValue(groupAt(copy, ['Orderer']), 'ConsensusType', bytes))).toEqual(['CONSENTERS']);
    const add = (address: string): ConfigEdit => ({
      kind: 'add-consenter',
      address,
      tlsCertificate: a.tls.certificate,
    });
    expect(objectsTo((copy) => applyEdit(copy, add('d:1')))).toEqual([]);
    expect(
      objectsTo((copy) => {
        applyEdit(copy, add('d:1'));
        applyEdit(copy, add('d:2'));
      }),
    ).toEqual(['CONSENTERS']);
  });

  test('refuses a consenter that no ordering organization vouches for, also when its organization leaves', () => {
    const stranger: ConfigEdit = { kind: 'add-consenter', address: 'd:1', tlsCertificate: d.tls.certificate };
    expect(objectsTo((copy) => applyEdit(copy, stranger))).toEqual(['CONSENTERS']);
    expect(objectsTo((copy) => applyEdit(copy, { kind: 'remove-organization', mspId: 'CMSP' }))).toEqual([
      'CONSENTERS',
    ]);
  });
});

describe('before they sign, people are told', () => {
  const told = (edit: ConfigEdit) =>
    reviewChange(proposeChange(genesis, edit, 'x', versions), genesis, versions).cautions.map(
      ({ code, sentence }) => `${code} ${sentence}`,
    );

  test('that two consenters cannot lose one', () => {
    expect(told({ kind: 'remove-consenter', address: 'localhost:7050' })).toEqual([
      'FEW_CONSENTERS with 2 consenters, the first that fails stops the channel',
    ]);
  });

  test('who can act alone afterwards', () => {
    expect(told({ kind: 'set-policy', path: '/Channel/Application/Endorsement', rule: 'ANY Endorsement' })).toEqual([
      'APPROVES_ALONE AMSP, BMSP, CMSP can approve /Channel/Application/Endorsement alone after this change',
    ]);
    expect(told({ kind: 'set-policy', path: '/Channel/Application/Admins', rule: 'ALL Admins' })).toContain(
      'BLOCKS_ALONE AMSP, BMSP, CMSP can block /Channel/Application/Admins alone after this change',
    );
  });

  test('nothing of a change that costs nothing', () => {
    expect(told({ kind: 'set-batch', timeout: '1s' })).toEqual([]);
  });
});

describe('an access rule', () => {
  const rule = (policy: string) =>
    edited((copy) => applyEdit(copy, { kind: 'set-acl', resource: 'event/Block', policy }));

  test('names a policy that is there, or it would let nobody in', () => {
    expect(objections(root, rule('/Channel/Nobody'), versions)).toMatchObject([{ code: 'ACL_WITHOUT_POLICY' }]);
    expect(objections(root, rule('/Channel/Application/AMSP/Readers'), versions)).toEqual([]);
    expect(objections(root, rule('/Channel/Application/NoMSP/Readers'), versions)).toMatchObject([
      { sentence: 'event/Block would be for nobody: there is no policy /Channel/Application/NoMSP/Readers' },
    ]);
  });

  test('keeps the policy that it names from being taken away', () => {
    const named = rule('/Channel/Application/AMSP/Readers');
    const without = copyGroup(named);
    groupAt(without, ['Application']).groups.delete('AMSP');
    expect(objections(named, without, versions).map(({ code }) => code)).toContain('ACL_WITHOUT_POLICY');
  });
});

describe('a BFT channel', () => {
  const four = () => {
    const description = offlineDescription([a, b, c, d]);
    const capabilities = { channel: 'V3_0', orderer: 'V2_0', application: 'V2_5' } as const;
    return readChannelConfig(genesisBlock({ ...description, consensus: 'bft', capabilities }, now)).group;
  };

  test('asks for three of four, and for two of three when one is taken out', () => {
    const group = four();
    const validation = (tree: ConfigGroup) => describeGroup(tree).groups.Orderer!.policies.BlockValidation!.rule;
    expect(validation(group)).toMatch(/^OutOf\(3,('[A-D]MSP#[0-9a-f]{8}',?){4}\)$/);
    applyEdit(group, { kind: 'remove-consenter', address: 'localhost:7051' });
    expect(validation(group)).toMatch(/^OutOf\(2,'AMSP#.*','CMSP#.*','DMSP#.*'\)$/);
    expect(objections(four(), group, { lowest: '3.1' })).toEqual([]);
  });

  test('knows whose a new consenter is', () => {
    const add: ConfigEdit = { kind: 'add-consenter', address: 'b:2', tlsCertificate: b.tls.certificate };
    expect(() => applyEdit(four(), add)).toThrow('needs its MSP id and its signing certificate');
    const group = four();
    applyEdit(group, { ...add, mspId: 'BMSP', certificate: b.orderer.certificate });
    expect(objections(four(), group, { lowest: '3.1' })).toEqual([]);
  });
});

describe('whose a consenter is', () => {
  const claiming = (mspId: string, whose: OfflineOrganization, group: ConfigGroup) => {
    const { tlsRootCertificate } = whose.roots;
    const copy = copyGroup(group);
    applyEdit(copy, { kind: 'add-roots', mspId, tlsRootCertificate });
    return copy;
  };

  test('its TLS certificate tells, as long as one organization alone vouches for it', () => {
    expect(consentersOfOrganization(root, 'CMSP')).toEqual([{ address: 'localhost:7052', stated: false, alsoOf: [] }]);
    const claimed = claiming('CMSP', a, root);
    expect(consentersOfOrganization(claimed, 'CMSP')).toEqual([
      { address: 'localhost:7050', stated: false, alsoOf: ['AMSP'] },
      { address: 'localhost:7052', stated: false, alsoOf: [] },
    ]);
    expect(consentersOfOrganization(claimed, 'XMSP')).toEqual([]);
  });

  test('a BFT channel states, whoever lists the root', () => {
    const capabilities = { channel: 'V3_0', orderer: 'V2_0', application: 'V2_5' } as const;
    const description = { ...offlineDescription([a, b, c, d]), consensus: 'bft' as const, capabilities };
    const claimed = claiming('CMSP', a, readChannelConfig(genesisBlock(description, now)).group);
    expect(consentersOfOrganization(claimed, 'CMSP')).toEqual([
      { address: 'localhost:7052', stated: true, alsoOf: [] },
    ]);
    expect(consentersOfOrganization(claimed, 'AMSP')).toEqual([
      { address: 'localhost:7050', stated: true, alsoOf: ['CMSP'] },
    ]);
  });
});

describe('the ceremony of a change', () => {
  const edit = (): ConfigEdit => ({ kind: 'add-organization', mspId: 'DMSP', roots: d.roots, anchorPeers: ['d:7051'] });
  const propose = () => proposeChange(genesis, edit(), 'D joins', versions);

  test('shows the bytes themselves in words', () => {
    const { changes, objections: found, progress } = reviewChange(propose(), genesis, versions);
    expect(changes.map(({ path, change }) => `${change} ${path}`)).toEqual(['added /Channel/Application/DMSP']);
    expect(found).toEqual([]);
    expect(progress).toMatchObject({
      complete: false,
      signed: [],
      missing: [
        ['AMSP', 'BMSP'],
        ['AMSP', 'CMSP'],
        ['BMSP', 'CMSP'],
      ],
    });
  });

  test('counts signatures until there are enough, however often one signs', () => {
    const once = signChange(signChange(propose(), genesis, a.admin, versions), genesis, a.admin, versions);
    expect(once.signatures).toHaveLength(1);
    expect(reviewChange(once, genesis, versions).progress).toMatchObject({
      signed: ['AMSP'],
      missing: [['BMSP'], ['CMSP']],
    });
    const twice = signChange(once, genesis, c.admin, versions);
    expect(reviewChange(twice, genesis, versions).progress).toMatchObject({ complete: true, missing: [] });
  });

  test('shows that a refusal leaves other ways, or none', () => {
    const refused = refuseChange(signChange(propose(), genesis, a.admin, versions), 'BMSP', 'not without a contract');
    expect(reviewChange(refused, genesis, versions).progress).toMatchObject({ refused: ['BMSP'], missing: [['CMSP']] });
    const all = refuseChange(refused, 'CMSP', 'neither');
    expect(reviewChange(all, genesis, versions).progress).toMatchObject({ complete: false, missing: [] });
  });

  test('takes admins only, of this channel only', () => {
    expect(() => signChange(propose(), genesis, a.client, versions)).toThrow('only admins approve');
    expect(() => signChange(propose(), genesis, d.admin, versions)).toThrow('not in the channel');
  });

  test('does not count a signature over other bytes, and lets nobody stop the others with one', () => {
    const signed = signChange(propose(), genesis, a.admin, versions);
    const other = proposeChange(genesis, { kind: 'set-batch', timeout: '1s' }, 'faster', versions);
    const mixed = { ...other, signatures: signed.signatures };
    const { progress } = reviewChange(mixed, genesis, versions);
    expect(progress.signed).toEqual([]);
    expect(progress.invalid).toEqual([{ mspId: 'AMSP', reason: 'the signature of AMSP on the update is wrong' }]);
  });

  test('is void once another configuration is in force', () => {
    const later = { ...propose(), sequence: 1 };
    expect(() => reviewChange(later, genesis, versions)).toThrow('propose it again');
  });

  test('does not send what is not complete', async () => {
    const orderer = { client: undefined as never, signatory: a.admin, name: 'orderer' };
    await expect(submitChange(propose(), genesis, orderer, versions)).rejects.toThrow(
      'too few signatures for /Channel/Application/Admins: it still needs AMSP and BMSP, or AMSP and CMSP, or BMSP and CMSP',
    );
  });

  test('objects before anyone signs, to a proposal that somebody else made without us', () => {
    const wreck = edited((copy) => groupAt(copy, ['Application']).policies.delete('Admins'));
    const update = Buffer.from(configUpdate('offline', root, wreck)).toString('base64');
    const proposal = { ...propose(), update };
    expect(reviewChange(proposal, genesis, versions).objections.map(({ code }) => code)).toContain('POLICY_MISSING');
    expect(() => signChange(proposal, genesis, a.admin, versions)).toThrow('would wreck the channel');
  });
});
