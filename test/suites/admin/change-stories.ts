import {
  applyEdit,
  configUpdate,
  consentersOf,
  copyGroup,
  groupAt,
  readChannelConfig,
  rolePrincipal,
  setPolicy,
  signaturePolicy,
} from '@d-cloud/network/admin';
import { expect, test } from '@jest/globals';
import { until } from '../../support/until.ts';
import { admin, carry, configOf, type Loose, type Stage } from './admins.ts';

export function changeStories(stage: Stage): void {
  const channel = () => stage().credentials.channel;
  const as = (organization: 'alder' | 'birch' | 'cedar') => admin(stage(), organization);
  const timeout = async (organization: 'alder' | 'birch' | 'cedar') =>
    (await configOf(stage(), organization)).groups.Orderer.values.BatchTimeout.value;

  test('a change is proposed by one, refused by another, signed by two in their own place, and in force for all', async () => {
    const { id } = await as('alder').propose({ kind: 'set-batch', timeout: '60ms' }, 'quicker blocks');
    const { changes } = await as('birch').get('/changes');
    expect(changes).toMatchObject([
      {
        id,
        proposer: 'AlderMSP',
        summary: 'quicker blocks',
        review: { bar: { signed: 0, needed: 2 }, objections: [] },
      },
    ]);
    expect(changes[0].review.changes).toMatchObject([
      { path: '/Channel/Orderer/BatchTimeout', change: 'changed', after: { value: '60ms' } },
    ]);
    await as('birch').post(`/changes/${id}/refuse`, { reason: 'not today' });
    await as('alder').post(`/changes/${id}/sign`);
    const signed = await as('alder').get(`/changes/${id}`);
    expect(signed.review.progress).toMatchObject({
      signed: ['AlderMSP'],
      refused: ['BirchMSP'],
      missing: [['CedarMSP']],
    });
    await expect(as('alder').post(`/changes/${id}/submit`)).rejects.toMatchObject({
      status: 409,
      code: 'SIGNATURES_MISSING',
    });
    await as('cedar').post(`/changes/${id}/sign`);
    expect(await as('cedar').post(`/changes/${id}/submit`)).toMatchObject({ state: 'in-force' });
    for (const organization of ['alder', 'birch', 'cedar'] as const) {
      await until(`${organization} to see it`, async () => (await timeout(organization)) === '60ms', 20_000);
    }
    expect(await as('alder').get(`/changes/${id}`)).toMatchObject({ state: 'in-force', block: expect.any(Number) });
  });

  test('who can block is told for each policy, now and after a change', async () => {
    const { policies } = await as('cedar').get(`/channels/${channel()}/powers`);
    const application = policies.find(({ path }: Loose) => path === '/Channel/Application/Admins');
    expect(application.before).toMatchObject({ rule: 'MAJORITY Admins' });
    expect(application.before.block).toHaveLength(3);
    const edit = { kind: 'set-policy', path: '/Channel/Application/Admins', rule: 'ALL Admins' } as const;
    const { id } = await as('cedar').propose(edit);
    const after = await as('cedar').get(`/channels/${channel()}/powers?change=${id}`);
    const changed = after.policies.filter((one: Loose) => one.changed).map(({ path }: Loose) => path);
    expect(changed).toEqual(['/Channel/Admins', '/Channel/Application/Admins']);
    expect(after.policies.find(({ path }: Loose) => path === '/Channel/Application/Admins').after.block).toEqual([
      ['AlderMSP'],
      ['BirchMSP'],
      ['CedarMSP'],
    ]);
    expect((await as('alder').get(`/changes/${id}`)).review.cautions.map(({ code }: Loose) => code)).toContain(
      'BLOCKS_ALONE',
    );
    await as('cedar').post(`/changes/${id}/withdraw`);
  });

  test("an organization's anchor peers are its own word: its admin alone decides, and nobody else's signature counts for it", async () => {
    const anchors = async () =>
      (await as('birch').get(`/channels/${channel()}/members`)).members.find(({ mspId }: Loose) => mspId === 'AlderMSP')
        .anchorPeers;
    const before = await anchors();
    const edit = { kind: 'set-anchor-peers', mspId: 'AlderMSP', addresses: [...before, '127.0.0.1:9'] } as const;
    const foreign = await as('birch').propose(edit, 'another door to Alder');
    await as('birch').post(`/changes/${foreign.id}/sign`);
    await as('cedar').post(`/changes/${foreign.id}/sign`);
    await expect(as('birch').post(`/changes/${foreign.id}/submit`)).rejects.toMatchObject({
      code: 'SIGNATURES_MISSING',
      message: expect.stringContaining('it still needs AlderMSP'),
    });
    expect(await carry(stage(), foreign.id, ['alder'])).toMatchObject({ state: 'in-force' });
    await until('birch to see it', async () => (await anchors()).join() === edit.addresses.join(), 20_000);
    const { id } = await as('alder').propose({ ...edit, addresses: before }, 'as it was');
    expect(await carry(stage(), id, ['alder'])).toMatchObject({ state: 'in-force' });
    await until('birch to see the old ones', async () => (await anchors()).join() === before.join(), 20_000);
  });

  test('a capability that all members know, and an access rule, are agreed upon by a majority and read by all', async () => {
    const application = async () => (await configOf(stage(), 'cedar')).groups.Application.values;
    const before = JSON.stringify((await application()).Capabilities.value);
    expect(before).toContain('V2_5');
    const agree = async (edit: Parameters<ReturnType<typeof as>['propose']>[0]) => {
      const { id, review } = await as('alder').propose(edit);
      expect(review.progress.guards.map(({ path }: Loose) => path)).toEqual(['/Channel/Application/Admins']);
      expect(review.bar).toEqual({ signed: 0, needed: 2 });
      expect(await carry(stage(), id, ['alder', 'birch'])).toMatchObject({ state: 'in-force' });
    };
    const capability = (name: string) => ({ kind: 'set-capability', section: 'Application', name }) as const;
    await agree(capability('V2_0'));
    await until(
      'cedar to see the older one',
      async () => !JSON.stringify((await application()).Capabilities.value).includes('V2_5'),
    );
    await agree(capability('V2_5'));
    await until(
      'cedar to see the newer one',
      async () => JSON.stringify((await application()).Capabilities.value) === before,
    );
    const policy = '/Channel/Application/Admins';
    await agree({ kind: 'set-acl', resource: 'lscc/ChaincodeExists', policy });
    await until('cedar to see the rule', async () =>
      JSON.stringify((await application()).ACLs?.value ?? '').includes('lscc/ChaincodeExists'),
    );
    expect(JSON.stringify((await application()).ACLs.value)).toContain(policy);
  });

  test('two changes of one configuration: the second is void and says so', async () => {
    const first = await as('alder').propose({ kind: 'set-batch', timeout: '50ms' });
    const second = await as('birch').propose({ kind: 'set-batch', maxMessageCount: 400 });
    await as('cedar').post(`/changes/${second.id}/sign`);
    await carry(stage(), first.id, ['alder', 'cedar']);
    await until(
      'birch to know',
      async () => (await as('birch').get(`/changes/${second.id}`)).state === 'superseded',
      20_000,
    );
    await expect(as('birch').post(`/changes/${second.id}/sign`)).rejects.toMatchObject({ code: 'CHANGE_ENDED' });
    await expect(as('cedar').post(`/changes/${second.id}/submit`)).rejects.toMatchObject({ code: 'CHANGE_NOT_FOUND' });
  });

  test.each([
    ['an unknown capability', { kind: 'set-capability', section: 'Application', name: 'V9_9' }],
    [
      'a policy that names an absent MSP',
      { kind: 'set-policy', path: '/Channel/Application/BirchMSP/Admins', rule: "OR('NoMSP.admin')" },
    ],
    [
      'a policy that nobody can satisfy',
      { kind: 'set-policy', path: '/Channel/Application/Admins', rule: 'ANY Nothing' },
    ],
    [
      'an access rule whose policy is not there',
      { kind: 'set-acl', resource: 'event/Block', policy: '/Channel/Application/Nobody' },
    ],
    ['what 2.5 does not know', { kind: 'set-capability', section: 'Channel', name: 'V9_0' }],
  ] as const)('%s is refused before anyone signs', async (_, edit) => {
    await expect(as('birch').propose(edit)).rejects.toMatchObject({ status: 422, code: 'CHANGE_WRECKS_CHANNEL' });
  });

  test('wrecks that come as bytes are refused too: no Admins policy, one MSP under two names, an open policy', async () => {
    const { block } = await as('alder').get(`/channels/${channel()}/config-block`);
    const { group, sequence } = readChannelConfig(Buffer.from(block, 'base64'));
    const wrecks: readonly [string, (root: typeof group) => unknown][] = [
      ['guards parts of the configuration', (root) => groupAt(root, ['Application']).policies.delete('Admins')],
      [
        'would count twice',
        (root) => {
          const { groups } = groupAt(root, ['Application']);
          groups.set('Second', groups.get('BirchMSP')!);
        },
      ],
      [
        'asks for nobody',
        (root) =>
          setPolicy(groupAt(root, ['Application']), 'Admins', signaturePolicy([rolePrincipal('AlderMSP', 'admin')], 0)),
      ],
      ['no consenter', removeConsenters],
    ];
    for (const [sentence, wreck] of wrecks) {
      const wanted = copyGroup(group);
      wreck(wanted);
      const update = Buffer.from(configUpdate(channel(), group, wanted)).toString('base64');
      const file = {
        version: 1,
        channel: channel(),
        sequence,
        summary: 'harmless',
        update,
        signatures: [],
        refusals: [],
      };
      await expect(as('cedar').post('/changes', file)).rejects.toMatchObject({
        code: 'CHANGE_WRECKS_CHANNEL',
        message: expect.stringContaining(sentence),
      });
    }
  });

  test('what is no change is told what it is', async () => {
    const wrong = {
      version: 1,
      channel: channel(),
      sequence: 0,
      summary: 'x',
      update: 'AAAA',
      signatures: [],
      refusals: [],
    };
    await expect(as('alder').post('/changes', wrong)).rejects.toMatchObject({
      status: 422,
      code: 'ADMINISTRATION_REFUSED',
    });
    await expect(as('alder').post('/changes', { ...wrong, more: 1 })).rejects.toMatchObject({ status: 400 });
    await expect(as('alder').get(`/changes/chng_${'a'.repeat(26)}`)).rejects.toMatchObject({
      status: 404,
      code: 'CHANGE_NOT_FOUND',
    });
    await expect(as('alder').propose({ kind: 'remove-organization', mspId: 'NoMSP' })).rejects.toMatchObject({
      status: 422,
      message: 'NoMSP is no member of the channel',
    });
    await expect(as('alder').propose({ kind: 'set-batch', timeout: '50ms' })).rejects.toMatchObject({
      status: 422,
      message: 'the configuration wanted is the one in force',
    });
    await expect(as('alder').get('/channels/nowhere')).rejects.toMatchObject({
      message: expect.stringContaining('nowhere'),
    });
    await expect(stage().as('alder', 'compliance').call('GET', '/admin/changes')).rejects.toMatchObject({
      status: 403,
      code: 'SCOPE_MISSING',
    });
  });
}

function removeConsenters(root: Parameters<typeof applyEdit>[0]): void {
  for (const { address } of consentersOf(root) ?? []) applyEdit(root, { kind: 'remove-consenter', address });
}
