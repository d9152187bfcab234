import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConfigEdit, issueIdentity, keyPem, proposeChange, reviewChange } from '@d-cloud/network/admin';
import { type OfflineOrganization, offlineGenesis, offlineOrganization } from '@d-cloud/network/ledger/testing';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Command } from 'commander';
import { changeText, powersText, signatureBar } from '../actions/change-text.ts';
import type { Output } from '../output.ts';
import type { Session } from '../session.ts';
import type { ChangeView } from '../views.ts';
import { addChannelCommands } from './channel.ts';

const now = new Date();
const versions = { lowest: '2.5' } as const;
let directory: string;
let organizations: readonly OfflineOrganization[];
let genesis: Uint8Array;
const at = (name: string) => join(directory, name);

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'dcloud-channel-'));
  organizations = await Promise.all(['AMSP', 'BMSP', 'CMSP'].map((mspId) => offlineOrganization(mspId, now)));
  genesis = offlineGenesis(organizations, now);
  await writeFile(at('newest.block'), genesis);
  for (const [name, role] of [
    ['admin', 'admin'],
    ['client', 'client'],
  ] as const) {
    const { certificate, key } = await issueIdentity(organizations[1]!.authority, { name, role, now });
    await writeFile(at(`${name}.pem`), certificate);
    await writeFile(at(`${name}.key`), keyPem(key));
  }
});
afterAll(() => rm(directory, { recursive: true }));

type Call = { readonly method: string; readonly path: string; readonly body: unknown };

/** Types `channel …`; the gateway answers everything with `answer` and keeps what it was asked. */
async function channel(words: readonly string[], answer: unknown = {}) {
  const results: unknown[] = [];
  const calls: Call[] = [];
  const output = { result: (value: unknown, text: string) => results.push({ value, text }) } as unknown as Output;
  const rest = {
    call: async (method: string, path: string, { body }: { body?: unknown } = {}) => {
      calls.push({ method, path, body: body === undefined ? undefined : JSON.parse(JSON.stringify(body)) });
      return answer;
    },
  };
  const session = { output, rest: async () => rest, credentials: async () => ({ channel: 'dcloud' }) };
  const program = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
  addChannelCommands(program, session as unknown as Session);
  await program.parseAsync(['channel', ...words], { from: 'user' });
  return { result: results[0] as { value: { ok: boolean }; text: string }, calls };
}

function viewOf(edit: ConfigEdit): ChangeView {
  const proposal = proposeChange(genesis, edit, 'for a test', versions);
  const review = reviewChange(proposal, genesis, versions);
  const told = {
    id: 'chng_a',
    proposer: 'AMSP',
    state: 'open',
    refusals: [],
    channel: 'offline',
    sequence: 0,
    summary: 'for a test',
  };
  return { ...told, review: { ...review, bar: { signed: 1, needed: 3 } } } as ChangeView;
}

describe('a change signed by hand', () => {
  const signing = (file: string, who: string, block = 'newest.block') =>
    channel([
      'change',
      'sign-file',
      at(file),
      '--block',
      at(block),
      '--msp',
      'BMSP',
      '--certificate',
      at(`${who}.pem`),
      '--key',
      at(`${who}.key`),
    ]);
  const write = (name: string, proposal: unknown) => writeFile(at(name), JSON.stringify(proposal));

  test('carries the signature of the personal certificate, and nothing of its key', async () => {
    const proposal = proposeChange(genesis, { kind: 'set-batch', timeout: '1s' }, 'slower', versions);
    await write('change.json', proposal);
    const { result } = await signing('change.json', 'admin');
    expect(result.value).toMatchObject({ ok: true, signed: ['BMSP'] });
    const text = await readFile(at('change.json'), 'utf8');
    expect(text).not.toContain('PRIVATE');
    expect(reviewChange(JSON.parse(text), genesis, versions).progress.signed).toEqual(['BMSP']);
  });

  test('is refused to who is no admin, for another channel, and when it would wreck the channel', async () => {
    const proposal = proposeChange(genesis, { kind: 'set-batch', timeout: '1s' }, 'slower', versions);
    await write('client.json', proposal);
    await expect(signing('client.json', 'client')).rejects.toThrow('only admins approve');
    await write('other.json', { ...proposal, channel: 'other' });
    await expect(signing('other.json', 'admin')).rejects.toThrow('not for');
    await write('none.json', { ...proposal, update: 5 });
    await expect(signing('none.json', 'admin')).rejects.toThrow('is no change');
    const newer = proposeChange(genesis, { kind: 'set-capability', section: 'Channel', name: 'V3_0' }, 'x', {
      lowest: '3.1',
    });
    await write('newer.json', newer);
    await expect(signing('newer.json', 'admin')).rejects.toThrow('would wreck the channel');
    expect(JSON.parse(await readFile(at('newer.json'), 'utf8')).signatures).toEqual([]);
  });
});

describe('what is proposed at the command line', () => {
  const answer = { ...{ id: 'chng_a', state: 'open', refusals: [] } };
  test.each([
    [['set-batch', '--timeout', '1s', '--messages', '9'], { kind: 'set-batch', timeout: '1s', maxMessageCount: 9 }],
    [
      ['set-policy', '/Channel/Application/Admins', 'ANY Admins'],
      { kind: 'set-policy', path: '/Channel/Application/Admins', rule: 'ANY Admins' },
    ],
    [['set-capability', 'Channel', 'V3_0'], { kind: 'set-capability', section: 'Channel', name: 'V3_0' }],
    [['remove-consenter', 'h:1'], { kind: 'remove-consenter', address: 'h:1' }],
    [['set-anchor-peers', 'AMSP', 'h:1,h:2'], { kind: 'set-anchor-peers', mspId: 'AMSP', addresses: ['h:1', 'h:2'] }],
    [
      ['set-acl', 'event/Block', '/Channel/Readers'],
      { kind: 'set-acl', resource: 'event/Block', policy: '/Channel/Readers' },
    ],
  ])('%j', async (words, edit) => {
    const { calls } = await channel(['propose', ...words], answer);
    expect(calls).toEqual([
      { method: 'POST', path: '/admin/channels/dcloud/changes', body: { edit, summary: edit.kind } },
    ]);
  });

  test('is signed at once where that is wanted', async () => {
    const { calls } = await channel(['propose', 'remove-consenter', 'h:1', '--sign', '--summary', 'old'], answer);
    expect(calls.map(({ path }) => path)).toEqual(['/admin/channels/dcloud/changes', '/admin/changes/chng_a/sign']);
  });
});

describe('what a person sees of a change', () => {
  test('is the difference, who can do what afterwards, and a bar of signatures', () => {
    const text = changeText(viewOf({ kind: 'set-policy', path: '/Channel/Application/Admins', rule: 'ALL Admins' }));
    expect(text).toContain('~ /Channel/Application/Admins');
    expect(text).toContain('"rule":"ALL Admins"');
    expect(text).toContain('Mind: AMSP, BMSP, CMSP can block /Channel/Application/Admins alone');
    expect(text).toContain('█░░ 1 of 3');
    expect(text).toContain('Still needed: AMSP and BMSP, or AMSP and CMSP, or BMSP and CMSP');
  });

  test('holds no certificate at full length', () => {
    const tlsCertificate = organizations[0]!.tls.certificate;
    const text = changeText(viewOf({ kind: 'add-consenter', address: 'd:1', tlsCertificate }));
    expect(text).toContain('certificate …');
    expect(text).not.toContain('BEGIN');
  });

  test('says when nobody can complete it, and when it has ended', () => {
    const open = viewOf({ kind: 'set-batch', timeout: '1s' });
    expect(signatureBar({ ...open, review: { ...open.review!, bar: { signed: 1, needed: null } } })).toContain(
      'nobody left',
    );
    const { review: _, ...ended } = open;
    expect(signatureBar({ ...ended, state: 'superseded' })).toBe('superseded');
  });

  test('of powers names nobody where nobody can', () => {
    const power = { rule: 'ANY Nothing', approve: [], block: [[]] };
    expect(powersText([{ path: '/Channel/X', before: power, changed: false }])).toContain('nobody');
  });
});
