import { randomInt } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { until } from '../../support/until.ts';
import { admin, carry, type Loose, type Stage } from './admins.ts';

/** Whether each organization's orderer is a program of its own: one program that is every orderer cannot lose one. */
export type Orderers = 'apart' | 'together';

export function ordererStories(stage: Stage, orderers: Orderers): void {
  const channel = () => stage().credentials.channel;
  const as = (organization: 'alder' | 'birch' | 'cedar') => admin(stage(), organization);
  const own = async (organization: 'alder' | 'birch' | 'cedar') =>
    (await as(organization).get('/channels')).channels.find((one: Loose) => one.channel === channel());

  test("an organization's orderer leaves as a consenter, leaves the channel, and comes back", async () => {
    const config = JSON.parse(await readFile(stage().layout.ofOrganization('cedar').gatewayConfig, 'utf8'));
    const { address } = config.admin.orderer;
    expect(await own('cedar')).toMatchObject({
      peer: true,
      orderer: { consensusRelation: 'consenter', status: 'active' },
    });
    await expect(as('cedar').post(`/channels/${channel()}/orderer/leave`)).rejects.toMatchObject({
      status: 422,
      message: expect.stringContaining('propose remove-consenter first'),
    });
    const less = await as('cedar').propose({ kind: 'remove-consenter', address }, 'our machine is replaced');
    expect(less.review.cautions).toMatchObject([{ code: 'FEW_CONSENTERS' }]);
    // Right after a start orderers do not see each other alive yet, and refuse.
    await until('the orderers to take it', () => carry(stage(), less.id, ['alder', 'birch']), 60_000);
    // Where the others cut it off before it heard of that, it misses its leader first, and then asks them.
    await until(
      'the orderer to follow',
      async () => (await own('cedar')).orderer?.consensusRelation !== 'consenter',
      120_000,
    );
    await as('cedar').post(`/channels/${channel()}/orderer/leave`);
    await until('the orderer to be gone', async () => (await own('cedar')).orderer === undefined, 60_000);
    await until('it to join again', () => as('cedar').post(`/channels/${channel()}/orderer/join`), 60_000);
    const tlsCertificate = await readFile(stage().layout.ofOrganization('cedar').tlsCertificate('orderer'), 'utf8');
    await until("cedar's peer to have seen it", async () => {
      const [{ sequence }, { sequence: newest }] = await Promise.all([own('cedar'), own('alder')]);
      return sequence === newest;
    });
    await until('it to be active', async () => (await own('cedar')).orderer?.status === 'active', 60_000);
    const more = await as('cedar').propose({ kind: 'add-consenter', address, tlsCertificate }, 'it is back');
    await carry(stage(), more.id, ['alder', 'cedar']);
    await until('it to count', async () => (await own('cedar')).orderer?.consensusRelation === 'consenter', 60_000);
  }, 300_000);

  (orderers === 'apart' ? describe : describe.skip)('where each is a program of its own', () => {
    test('an orderer that is away when it is removed finds out by itself when it is back', async () => {
      const config = JSON.parse(await readFile(stage().layout.ofOrganization('cedar').gatewayConfig, 'utf8'));
      const { address } = config.admin.orderer;
      await stage().hold('orderer-cedar');
      const less = await as('alder').propose({ kind: 'remove-consenter', address }, 'it does not come back');
      await until('the orderers to take it', () => carry(stage(), less.id, ['alder', 'birch']));
      await stage().release('orderer-cedar');
      const follows = async () => (await own('cedar')).orderer?.consensusRelation === 'follower';
      await until('the orderer to follow', follows, 120_000);
      const tlsCertificate = await readFile(stage().layout.ofOrganization('cedar').tlsCertificate('orderer'), 'utf8');
      const more = await as('alder').propose({ kind: 'add-consenter', address, tlsCertificate }, 'it came back');
      await carry(stage(), more.id, ['alder', 'birch']);
      await until('it to count', async () => (await own('cedar')).orderer?.consensusRelation === 'consenter', 60_000);
    }, 300_000);

    test('a change that would leave too few living orderers is refused while one is down', async () => {
      const config = JSON.parse(await readFile(stage().layout.ofOrganization('cedar').gatewayConfig, 'utf8'));
      await stage().hold('orderer-birch');
      try {
        const { id } = await as('alder').propose({ kind: 'remove-consenter', address: config.admin.orderer.address });
        for (const organization of ['alder', 'birch'] as const) await as(organization).post(`/changes/${id}/sign`);
        const refused = () =>
          as('alder')
            .post(`/changes/${id}/submit`)
            .then(
              () => false,
              ({ code, message }) => code === 'ADMINISTRATION_REFUSED' && message,
            );
        expect(await until('the orderers to refuse', refused, 90_000)).toMatch('too few orderers are alive');
        await as('alder').post(`/changes/${id}/withdraw`);
      } finally {
        await stage().release('orderer-birch');
      }
    }, 240_000);
  });

  test('a channel of two is opened by one and joined by the other; the third is not in it', async () => {
    const aside = `aside-${randomInt(1e6)}`;
    const wanted = { channel: aside, from: channel(), members: ['AlderMSP', 'BirchMSP'] };
    const { block } = await as('alder').post('/channels', wanted);
    await as('birch').post('/channels/join', { block });
    const edit = { kind: 'set-batch', timeout: '70ms' } as const;
    const proposed = await until('the channel to be served', () =>
      as('alder').post(`/channels/${aside}/changes`, { edit, summary: 'the first change' }),
    );
    await as('alder').post(`/changes/${proposed.id}/sign`);
    await as('birch').post(`/changes/${proposed.id}/sign`);
    const submitted = await until('a leader', () => as('birch').post(`/changes/${proposed.id}/submit`));
    expect(submitted).toMatchObject({ channel: aside, state: 'in-force', block: 1 });
    expect((await as('cedar').get('/channels')).channels.map((one: Loose) => one.channel)).not.toContain(aside);
    expect((await as('cedar').get('/changes')).changes.filter((one: Loose) => one.channel === aside)).toEqual([]);
    await expect(as('cedar').post('/channels/join', { block: 'AAAA' })).rejects.toMatchObject({ status: 422 });
  }, 240_000);
}
