import { randomInt } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { dcloud, type Shown } from '../../support/command-line.ts';
import type { OrganizationName } from '../../support/network.ts';
import { until } from '../../support/until.ts';
import { admin, configOf, type Loose, type Stage } from './admins.ts';

/** The same administration as people type it: what they read of it, what programs read with --json, and what they are told when it is wrong. */
export function commandLineStories(stage: Stage): void {
  let files: string;
  beforeAll(async () => {
    files = await mkdtemp(join(tmpdir(), 'dcloud-files-'));
  });
  afterAll(() => rm(files, { recursive: true, force: true }));

  const type = (organization: OrganizationName, ...words: readonly string[]) =>
    dcloud(...words, '--as', organization, '--directory', stage().directory);

  /** Types a command that must work, again where it says that something was away; what it said is the reason when it does not. */
  async function works(organization: OrganizationName, ...words: readonly string[]): Promise<Shown> {
    const shown = await until(
      `dcloud ${words[0]} ${words[1]}`,
      async () => {
        const one = await type(organization, ...words);
        return one.code !== 3 && one;
      },
      60_000,
    );
    if (shown.code !== 0) throw new Error(`dcloud ${words.join(' ')} ended with ${shown.code}: ${shown.err}`);
    return shown;
  }
  const reads = async (organization: OrganizationName, ...words: readonly string[]) =>
    (await works(organization, ...words)).out;
  const parses = async (organization: OrganizationName, ...words: readonly string[]): Promise<Loose> => {
    const { json } = await works(organization, ...words, '--json');
    expect(json).toMatchObject({ ok: true });
    return json;
  };

  /** Every organization's own peer has the configuration that the furthest one has: what is proposed now is made for it. */
  const allAgree = () =>
    until('all peers to have the same configuration', async () => {
      const { channel } = stage().credentials;
      const known = (['alder', 'birch', 'cedar'] as const).map((name) =>
        admin(stage(), name).get(`/channels/${channel}`),
      );
      return new Set((await Promise.all(known)).map(({ sequence }) => sequence)).size === 1;
    });

  test('shows who takes part, what is in force and who can block it', async () => {
    const [channels, members, policies, config, own] = await Promise.all([
      reads('cedar', 'channel', 'list'),
      reads('cedar', 'org', 'list'),
      reads('cedar', 'channel', 'blockers'),
      reads('cedar', 'channel', 'show'),
      reads('cedar', 'org', 'describe'),
    ]);
    const { channel } = stage().credentials;
    expect(channels).toMatch(
      new RegExp(`^${channel} +joined +consenter, active +\\d+ +AlderMSP BirchMSP CedarMSP$`, 'm'),
    );
    expect(members).toMatch(/^CedarMSP +member, orders +\S+ +\S+ +1 +own /m);
    expect(members).toMatch(/^AlderMSP +member, orders +\S+ +\S+ +1 +answers /m);
    expect(policies).toMatch(
      /^\/Channel\/Application\/Admins +MAJORITY Admins +AlderMSP\+BirchMSP \| AlderMSP\+CedarMSP \| BirchMSP\+CedarMSP /m,
    );
    expect(policies).not.toContain('/Channel/Application/AlderMSP/');
    expect(JSON.parse(config)).toMatchObject({ channel, sequence: expect.any(Number) });
    expect(JSON.parse(own)).toMatchObject({ mspId: 'CedarMSP' });
    const [listed, powers] = await Promise.all([
      parses('cedar', 'channel', 'list'),
      parses('cedar', 'channel', 'blockers', '--all'),
    ]);
    expect(listed.channels).toContainEqual(expect.objectContaining({ channel, peer: true }));
    expect(powers.policies.map(({ path }: Loose) => path)).toContain('/Channel/Application/AlderMSP/Admins');
  }, 60_000);

  test('takes a change from its proposal over another organization’s eyes to the day it is in force', async () => {
    await allAgree();
    const timeout = `${randomInt(71, 99)}ms`;
    const propose = ['channel', 'propose', 'set-batch', '--timeout', timeout, '--summary', 'slower blocks', '--sign'];
    const proposed = await reads('alder', ...propose);
    const [id] = proposed.split(' ') as [string];
    expect(proposed).toMatch(/^chng_[a-z2-7]{26} of AlderMSP: slower blocks\n/);
    expect(proposed).toMatch(new RegExp(`~ /Channel/Orderer/BatchTimeout\\n +was .*\\n +is .*${timeout}`));
    expect(proposed).toContain('No policy changes hands.');
    expect(proposed).toContain('█░ 1 of 2 (AlderMSP)\nStill needed: BirchMSP, or CedarMSP');

    const [seen, after, away] = await Promise.all([
      reads('birch', 'channel', 'change', 'list'),
      reads('cedar', 'channel', 'blockers', '--change', id),
      type('birch', 'channel', 'change', 'withdraw', id),
    ]);
    expect(seen).toMatch(new RegExp(`^${id} +AlderMSP +open +█░ 1 of 2 +slower blocks$`, 'm'));
    expect(after).toContain('/Channel/Orderer/Admins');
    expect(away).toMatchObject({ code: 1, err: expect.stringContaining('which alone can withdraw it: refuse it') });

    const refused = await reads('cedar', 'channel', 'change', 'refuse', id, '--reason', 'not today');
    expect(refused).toContain('Still needed: BirchMSP\nCedarMSP refuses: not today');
    const early = await type('alder', 'channel', 'change', 'submit', id, '--json');
    expect(early).toMatchObject({ code: 1, json: { ok: false, code: 'SIGNATURES_MISSING', status: 409 } });
    expect(early.err).toMatch(/^dcloud: SIGNATURES_MISSING: .*BirchMSP/);

    const signed = await reads('birch', 'channel', 'change', 'sign', id);
    expect(signed).toContain('██ 2 of 2 (AlderMSP, BirchMSP)');
    expect(signed).toContain(`It may be submitted: dcloud channel change submit ${id}`);
    expect(await reads('birch', 'channel', 'change', 'submit', id)).toMatch(/: in-force since block \d+$/m);
    await until('alder to show it', async () =>
      /: in-force since block \d+$/m.test(await reads('alder', 'channel', 'change', 'show', id)),
    );
    await until('cedar to show it', async () => {
      const { configuration } = (await parses('cedar', 'channel', 'show')).channel;
      return configuration.groups.Orderer.values.BatchTimeout.value === timeout;
    });
    const { changes } = await parses('alder', 'channel', 'change', 'list');
    expect(changes).toContainEqual(expect.objectContaining({ id, state: 'in-force' }));
  }, 120_000);

  test('lets a person sign by hand with a certificate of their own, which is listed, renewed and revoked', async () => {
    const name = `hand-${randomInt(1e6)}`;
    const issued = await reads('birch', 'cert', 'issue', name, '--node-role', 'admin', '--days', '20');
    expect(issued).toMatch(new RegExp(`^${name} of BirchMSP lies in /`));
    const listed = await reads('birch', 'cert', 'list');
    expect(listed).toMatch(new RegExp(`^\\d{4}-\\d\\d-\\d\\d +(19|20) +!! +BirchMSP +${name}$`, 'm'));

    await allAgree();
    const proposal = await parses('alder', 'channel', 'propose', 'set-batch', '--messages', `${randomInt(300, 400)}`);
    const { id, review } = proposal.change;
    expect(review.bar).toEqual({ signed: 0, needed: 2 });
    const [change, block] = [join(files, 'change.json'), join(files, 'newest.block')];
    await reads('alder', 'channel', 'change', 'export', id, '-o', change);
    await reads('birch', 'channel', 'show', '--block', block);
    const home = stage().layout.ofOrganization('birch');
    const pair = ['--certificate', home.certificate(name), '--key', home.key(name)];
    const words = ['channel', 'change', 'sign-file', change, '--block', block, '--msp', 'BirchMSP', ...pair];
    expect(await reads('birch', ...words)).toContain('is signed by BirchMSP.');
    expect(await reads('alder', 'channel', 'change', 'import', change)).toContain('█░ 1 of 2 (BirchMSP)');
    expect(await reads('alder', 'channel', 'change', 'withdraw', id)).toContain(': withdrawn');

    expect(await reads('birch', 'cert', 'renew', name)).toMatch(/is renewed: start the program that uses it again/);
    const { certificates } = await parses('birch', 'cert', 'list');
    expect(certificates.find(({ holder }: Loose) => holder === name).warning).toBeUndefined();
    expect(await reads('birch', 'cert', 'revoke', name)).toContain(
      `${name} counts no more in ${stage().credentials.channel}`,
    );
    const again = await type('birch', 'cert', 'renew', name);
    expect(again).toMatchObject({
      code: 1,
      err: expect.stringContaining(`${name} is revoked: issue another identity`),
    });
    const renewed = await dcloud('network', 'renew', '--directory', stage().directory);
    expect(renewed.code).toBe(0);
    expect(renewed.out).not.toContain(name);
  }, 120_000);

  test('agrees on a chaincode: one proposes, another approves, a third that did neither puts it in force', async () => {
    const { inForce, installed } = await parses('birch', 'chaincode', 'list');
    const { name, version, sequence, collections } = inForce.find((one: Loose) => one.name === 'dcloud');
    const label = installed[0]?.label ?? 'dcloud_1';
    const collectionsFile = join(files, 'collections.json');
    await writeFile(collectionsFile, JSON.stringify(collections));
    const definition = ['--version', version, '--label', label, '--collections', collectionsFile];
    const proposed = await reads('birch', 'chaincode', 'propose', name, ...definition);
    expect(proposed).toContain(`${name} ${version}, sequence ${sequence + 1}, runs ${label}, proposed by BirchMSP`);
    expect(proposed).toMatch(/░ AlderMSP {2}█ BirchMSP {2}░ CedarMSP\nstill needed: AlderMSP, or CedarMSP/);
    const early = await type('birch', 'chaincode', 'commit', name);
    expect(early).toMatchObject({
      code: 1,
      err: expect.stringContaining('still needs the approval of AlderMSP, or CedarMSP'),
    });
    expect(await reads('alder', 'chaincode', 'approve', name)).toContain(
      `it may be committed: dcloud chaincode commit ${name}`,
    );
    const ready = async () => /█ AlderMSP {2}█ BirchMSP/.test(await reads('cedar', 'chaincode', 'readiness', name));
    await until('cedar to know', ready);
    const committed = await reads('cedar', 'chaincode', 'commit', name);
    expect(committed).toBe(`${name} ${version}, sequence ${sequence + 1}, is in force\n`);
    const none = await type('cedar', 'chaincode', 'readiness', name);
    expect(none).toMatchObject({ code: 1, out: `Nobody proposes a new ${name}.\n` });
    await reads('cedar', 'chaincode', 'approve', name);
    expect(await reads('cedar', 'chaincode', 'list')).toMatch(
      new RegExp(`^${name} +${version} +${sequence + 1} `, 'm'),
    );
  }, 120_000);

  test('opens a channel of two, which the other one joins by its first block', async () => {
    const [aside, block] = [`typed-${randomInt(1e6)}`, join(files, 'first.block')];
    const opened = await reads('alder', 'channel', 'open', aside, '--members', 'AlderMSP,BirchMSP', '-o', block);
    expect(opened).toBe(`${aside} is open here. The other members join it: dcloud channel join ${block}\n`);
    expect(await reads('birch', 'channel', 'join', block)).toBe(`${aside} is joined\n`);
    const row = new RegExp(`^${aside} +joined +.*AlderMSP BirchMSP$`, 'm');
    expect(await reads('birch', 'channel', 'list')).toMatch(row);
    expect(await reads('cedar', 'channel', 'list')).not.toContain(aside);
  }, 120_000);

  test('gives another organization a quota and lists it', async () => {
    expect(await reads('alder', 'quota', 'give', 'BirchMSP', '500 GiB')).toMatch(
      /^BirchMSP may keep 536870912000 bytes here/,
    );
    expect(await reads('alder', 'quota', 'list')).toMatch(/^BirchMSP +\d+ +536870912000 +given$/m);
    const { quotas } = await parses('alder', 'quota', 'list');
    expect(quotas).toContainEqual(expect.objectContaining({ organization: 'BirchMSP', quotaBytes: '536870912000' }));
  }, 60_000);

  test('says in one sentence what is wrong with wrong words, and changes nothing', async () => {
    const notes = join(files, 'notes.txt');
    await writeFile(notes, 'not what is asked for');
    const unknown = `chng_${'a'.repeat(26)}`;
    const definition = ['--version', '9', '--label', 'dcloud_9'];
    const wrong: readonly (readonly [string, RegExp])[] = [
      ['channel change sign', /missing required argument 'change'/],
      [`channel change refuse ${unknown}`, /required option '--reason <text>' not specified/],
      [`channel change import ${notes}`, /notes\.txt holds no JSON/],
      [`channel propose edit ${notes}`, /notes\.txt holds no JSON/],
      ['channel orderer stay', /Say orderer join or orderer leave/],
      [`channel join ${join(files, 'absent')}`, /There is no file or folder .*absent/],
      [`org add ${notes}`, /notes\.txt holds no JSON/],
      [`chaincode propose dcloud ${definition.join(' ')} --collections ${notes}`, /notes\.txt holds no JSON/],
      ['cert authority sideways', /Say authority announce, change or retire/],
      ['cert issue ada --node-role client --attribute none', /Write name=value/],
      ['quota give BirchMSP lots', /Write bytes or such as "500 GiB"/],
    ];
    const before = JSON.stringify(await configOf(stage(), 'alder'));
    const refused = async ([words, sentence]: (typeof wrong)[number]) => {
      const { code, json, err } = await type('alder', ...words.split(' '), '--json');
      expect({ words, code, json }).toMatchObject({ words, code: 1, json: { ok: false, error: expect.any(String) } });
      expect(err).toMatch(sentence);
      expect(err).not.toMatch(/\n\s+at |Unexpected token|undefined/);
    };
    for (let at = 0; at < wrong.length; at += 4) await Promise.all(wrong.slice(at, at + 4).map(refused));
    expect(JSON.stringify(await configOf(stage(), 'alder'))).toBe(before);
  }, 120_000);
}
