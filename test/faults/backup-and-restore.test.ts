/** A gateway's disk is lost: what was published before and after its backup reads back bit by bit, what came after by what the ledger keeps. */
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSupervisor, stopSupervisor } from '@d-cloud/gateway/supervisor';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { refusalOf } from '../support/answers.ts';
import { dcloud, type Shown } from '../support/command-line.ts';
import { type Network, startNetwork } from '../support/network.ts';
import { largePhotographs, photograph } from '../support/samples.ts';
import {
  allHaveRead,
  askAndIssue,
  contentDigests,
  entryDigests,
  publishFiles,
  registerDataset,
  research,
} from '../support/stories.ts';

let network: Network;
/** A place that is not the gateway's disk. */
let elsewhere: string;
beforeAll(async () => {
  network = await startNetwork();
  elsewhere = await mkdtemp(join(tmpdir(), 'dcloud-backup-'));
}, 180_000);
afterAll(async () => {
  await network?.[Symbol.asyncDispose]();
  await rm(elsewhere, { recursive: true, force: true });
}, 60_000);

const alder = () => network.as('alder');
const birch = () => network.as('birch');
const at = (name: string) => join(elsewhere, name);
const type = (...words: string[]): Promise<Shown> =>
  dcloud(...words, '--as', 'alder', '--directory', network.directory, '--json');
const backup = (file: string) => type('backup', '-o', at(file), '--passphrase-file', at('passphrase'));
const restore = (file: string, passphrase = 'passphrase') =>
  type('restore', at(file), '--passphrase-file', at(passphrase));

test('a gateway restored from a backup opens what was published before and after it', async () => {
  await writeFile(at('passphrase'), 'a passphrase for a drill\n', { mode: 0o600 });
  await writeFile(at('another'), 'another passphrase for it\n', { mode: 0o600 });
  const entries = await largePhotographs(3);
  const { id: dataset } = await registerDataset(alder(), { title: 'Before the backup' });
  const { id: before } = await publishFiles(alder(), dataset, entries);
  const { id: grant } = await askAndIssue(network, { dataset, actions: ['read'] });

  // While the gateway publishes.
  const publishing = publishFiles(alder(), dataset, [await photograph('drum.jpg')]);
  const made = await backup('alder.backup');
  expect(made).toMatchObject({ code: 0, json: { ok: true, sizeBytes: expect.any(Number) } });
  expect((await stat(at('alder.backup'))).mode & 0o077).toBe(0);
  await publishing;
  expect((await backup('alder.backup')).json).toMatchObject({
    ok: false,
    error: expect.stringContaining('there already'),
  });

  const lateEntries = [await photograph('drum.jpg')];
  const { id: later } = await registerDataset(alder(), { title: 'After the backup' });
  const after = await publishFiles(alder(), later, lateEntries, 'after-the-backup');
  const { id: second } = await askAndIssue(network, { dataset, actions: ['read'] });
  const revoked = await alder().call<{ ledger: { block: number } }>('POST', `/grants/${second}/revoke`, {
    body: { reason: 'the story' },
  });
  expect((await restore('alder.backup')).json).toMatchObject({ ok: false, error: expect.stringContaining('runs') });

  await stopSupervisor(network.directory);
  const { gateway } = network.layout.ofOrganization('alder');
  expect((await restore('alder.backup')).json.error).toMatch(/nothing is written over/);
  await rm(gateway, { recursive: true });
  expect((await restore('alder.backup', 'another')).json.error).toBe('This passphrase does not open this backup.');
  await expect(stat(gateway)).rejects.toThrow('ENOENT');
  expect(await restore('alder.backup')).toMatchObject({ code: 0, json: { ok: true, restored: ['gateway'] } });
  await startSupervisor(network.directory, { onStep: () => undefined, withinMs: 150_000 });

  // The read model is built again from block 0 and is as new as the ledger, which is newer than the backup.
  await allHaveRead(network, revoked.ledger.block);
  expect(await alder().call('GET', `/grants/${second}`)).toMatchObject({ state: 'revoked' });
  expect(await alder().call('GET', `/versions/${after.id}`)).toMatchObject({ id: after.id, dataset: later });

  expect(await contentDigests(alder(), before)).toEqual(entryDigests(entries));
  const granted = (id: string) => `?purpose=${research}&grant=${id}`;
  expect(await contentDigests(birch(), before, granted(grant))).toEqual(entryDigests(entries));
  expect(await refusalOf(contentDigests(birch(), before, granted(second)))).toEqual({
    status: 403,
    code: 'GRANT_REVOKED',
  });

  // It publishes as before, and the API keys of before open it. Before it does, it takes in what the ledger kept since.
  const { id: dataset3 } = await registerDataset(alder(), { title: 'After the restore' });
  const { id: anew } = await publishFiles(alder(), dataset3, lateEntries);
  expect(await contentDigests(alder(), anew)).toEqual(entryDigests(lateEntries));
  expect(await contentDigests(alder(), after.id)).toEqual(entryDigests(lateEntries));

  // The ledger knows the request still, so that other keys do not come to stand behind the version that it recorded.
  const repeated = publishFiles(alder(), later, lateEntries, 'after-the-backup');
  expect(await refusalOf(repeated)).toEqual({ status: 409, code: 'STATE_CONFLICT' });

  const { rest, keys } = network.credentials.organizations.alder!;
  const ready = await fetch(`${rest}/readyz`, { headers: { authorization: `Bearer ${keys.operator}` } });
  expect(ready.status).toBe(200);
}, 300_000);
