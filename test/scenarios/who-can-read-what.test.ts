/**
 * Who can read which version: after each revoke, rotation, expulsion and erasure, and after the loss of the owner's gateway, every reader and
 * everybody who copied its key store tries every version. What comes of it equals a table.
 */
import { readFileSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Problem, RestClient, signIn } from '@d-cloud/gateway/cli';
import type { KeyStore } from '@d-cloud/gateway/keys';
import { SealThreads } from '@d-cloud/pipelines/seal';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { dcloud, type Json } from '../support/command-line.ts';
import { storageOf } from '../support/custody.ts';
import { rawPeer } from '../support/exchange.ts';
import { type Network, startNetwork } from '../support/network.ts';
import { photograph } from '../support/samples.ts';
import { contentDigests, entryDigests, publishFiles, registerDataset, research } from '../support/stories.ts';
import type { TarEntry } from '../support/tar.ts';
import { keptOnLedger, keptUnder, type StolenKeys, stealDisks, stealKeyStore, theftOpens } from '../support/thefts.ts';
import { until } from '../support/until.ts';
import { letterOf, type Moment, saidAt } from './the-table-of-readers.ts';

const lasts = 120_000;
/** A step that waits for what a gateway does by itself, on a slow machine. */
const within = 240_000;

/** What somebody reads as, and under which grant. */
type Reader = { readonly organization: string; readonly grant?: string };
type Version = { readonly id: string; readonly entries: readonly TarEntry[] };
type Stolen = { readonly store: KeyStore } & AsyncDisposable;

let network: Network;
let dataset: string;
let readers: ReadonlyMap<string, Reader>;
const versions: Version[] = [];
const thefts = new Map<Moment, Stolen>();
/** Accesses that were allowed at the first moment: reader and version to the id. */
const accesses = new Map<string, string>();
const threads = new SealThreads(1);
/** Alder's API keys, until its gateway is lost. */
let alder: (role?: 'data-team' | 'admin') => RestClient;

const as = (organization: string, role = 'data-team') => signIn(network.credentials, organization, role);
const readersName = (name: string) => readers.get(name)!;
const home = () => network.layout.ofOrganization('alder');

async function type(organization: string, ...words: readonly string[]): Promise<Json> {
  const { code, json, err } = await dcloud(...words, '--as', organization, '--directory', network.directory, '--json');
  if (code !== 0) throw new Error(`dcloud ${words.join(' ')} ended with ${code}: ${err}`);
  return json;
}

async function publish(name: string): Promise<void> {
  const entries = [await photograph(name)];
  const { id } = await publishFiles(alder(), dataset, entries);
  versions.push({ id, entries });
}

async function grantTo(grantee: string): Promise<string> {
  const body = { dataset, grantee, terms: { actions: ['read'], purposes: [research] } };
  return (await alder().call<{ id: string }>('POST', '/grants', { body })).id;
}

beforeAll(async () => {
  network = await startNetwork([
    { name: 'alder', storageNodes: 2, computeNodes: 0 },
    { name: 'birch', storageNodes: 2, computeNodes: 0 },
    { name: 'cedar', storageNodes: 1, computeNodes: 0 },
    { name: 'dogwood', storageNodes: 1, computeNodes: 0 },
  ]);
  alder = (role) => as('alder', role);
  ({ id: dataset } = await registerDataset(alder(), { title: 'Portraits' }));
  await publish('fig.jpg');
  await publish('drum.jpg');
  const [kept, soft] = [await grantTo('BirchMSP'), await grantTo('BirchMSP')];
  readers = new Map<string, Reader>([
    ['owner', { organization: 'alder' }],
    ['Birch, granted', { organization: 'birch', grant: kept }],
    ['Birch, revoked softly', { organization: 'birch', grant: soft }],
    ['Cedar, revoked hard', { organization: 'cedar', grant: await grantTo('CedarMSP') }],
    ['Dogwood, expelled', { organization: 'dogwood', grant: await grantTo('DogwoodMSP') }],
    ['Cedar, with Birch’s grant', { organization: 'cedar', grant: kept }],
    ['Cedar, with no grant', { organization: 'cedar' }],
  ]);
}, within);
afterAll(async () => {
  for (const stolen of thefts.values()) await stolen[Symbol.asyncDispose]();
  await threads[Symbol.asyncDispose]();
  await network?.[Symbol.asyncDispose]();
}, 60_000);

test('who was granted the versions opens them, and nobody else', () => holds('granted'), lasts);

test(
  'a soft revoke takes the versions from its grantee, those that come after it from whoever has older keys',
  async () => {
    await revoke('Birch, revoked softly');
    await publish('rocket.jpg');
    await holds('revoked softly');
  },
  within,
);

test(
  'a hard revoke takes them from whoever kept keys, too',
  async () => {
    await revoke('Cedar, revoked hard', '--hard');
    await holds('revoked hard');
  },
  within,
);

test(
  'a new key of the organization changes nothing for who has a right',
  async () => {
    expect(await type('alder', 'keys', 'rotate')).toMatchObject({ epoch: 2 });
    await settled();
    await holds('key rotated');
  },
  within,
);

test(
  'a storage node that is expelled leaves nobody with shares that combine with its own',
  async () => {
    const { fragments } = await storageOf(alder(), versions[0]!.id);
    const held = await Promise.all(versions.map(async ({ id }) => (await storageOf(alder(), id)).fragments));
    const node = fragments.find(
      ({ organization, storageNode }) =>
        organization !== 'DogwoodMSP' && held.every((places) => places.some((one) => one.storageNode === storageNode)),
    )!;
    await type('alder', 'node', 'expel', node.storageNode, '--reason', 'the story');
    await sharedAnew((places) => places.every((one) => one.storageNode !== node.storageNode));
    await holds('node expelled');
  },
  within,
);

test(
  'an organization that is expelled opens nothing, and neither does who has its share',
  async () => {
    for (const organization of ['birch', 'cedar', 'alder'])
      await type(organization, 'org', 'offboard', 'DogwoodMSP', '--expel', '--yes', '--reason', 'the story');
    await sharedAnew();
    await settled();
    await holds('member expelled');
  },
  within,
);

test(
  'a version that is erased is opened by nobody, and its keys are gone from the ledger',
  async () => {
    const [{ id }] = versions as [Version];
    expect((await keptOnLedger(network, 'alder')).has(`version/${id}`)).toBe(true);
    const erased = await type('alder', 'erase', id, '--reason', 'the story', '--confirm', id);
    expect(erased).toMatchObject({ erasure: { state: 'erased' } });
    await holds('a version erased');
    const kept = [...(await keptOnLedger(network, 'alder')).keys()];
    expect(kept).not.toContain(`version/${id}`);
    // One key of the dataset is left: those of the epochs before were purged after each revoke.
    expect(kept.filter((name) => name.startsWith(`dataset/${dataset}/`))).toEqual([`dataset/${dataset}/4`]);
  },
  within,
);

test(
  'the owner’s gateway is lost and recovered from the ledger under a passphrase: everything is as it was',
  async () => {
    await network.hold('gateway-alder');
    await rm(home().gateway, { recursive: true });
    const passphraseFile = join(network.directory, 'alder.passphrase');
    await writeFile(passphraseFile, 'correct horse battery staple\n', { mode: 0o600 });
    const recovered = await type(
      'alder',
      ...['keys', 'recover', '--recovery-key', home().recoveryKey, '--passphrase-file', passphraseFile],
    );
    expect(recovered).toMatchObject({ versions: 2, datasets: 1, unpublished: [], keyStore: { passphraseFile } });
    expect(await readFile(join(home().gateway, 'key-store.key'), 'utf8')).toContain('"under":"passphrase"');
    await network.release('gateway-alder');
    const { rest } = network.credentials.organizations.alder!;
    const { key } = await type('alder', 'key', 'issue', 'Ada', '--role', 'admin');
    alder = () => new RestClient(rest, key);
    await allHaveRead();
    await settled();
    await sharedAnew();
    await holds('gateway recovered');
  },
  within,
);

async function revoke(name: string, ...how: readonly string[]): Promise<void> {
  await type('alder', 'grant', 'revoke', readersName(name).grant!, '--reason', 'the story', ...how);
  await settled();
}

/** Waits until every key and every version has followed what was revoked and rotated. */
async function settled(): Promise<void> {
  await until('the keys to settle', async () => {
    const { settled: isSettled } = await alder('admin').call<Json>('GET', '/organizations/own/keys');
    return isSettled === true;
  });
}

/** Waits until no share of an expelled storage node combines with others, and the versions lie as they should. */
async function sharedAnew(
  lie: (places: readonly { readonly storageNode: string }[]) => boolean = () => true,
): Promise<void> {
  for (const { id } of versions)
    await until(`${id} to be shared anew`, async () => {
      const { fragments, sharing } = await storageOf(alder(), id).catch(ifErased);
      return sharing.length === 0 && lie(fragments);
    });
}

function ifErased(error: unknown): { readonly fragments: []; readonly sharing: [] } {
  if (error instanceof Problem && error.code === 'ERASED') return { fragments: [], sharing: [] };
  throw error;
}

/** Everybody tries everything now, and it comes out as the table says. */
async function holds(moment: Moment): Promise<void> {
  await allHaveRead();
  if (moment === 'granted' || moment === 'revoked softly' || moment === 'revoked hard')
    thefts.set(moment, await stealKeyStore(network, 'alder'));
  const read = await Promise.all([...readers].map(async ([name, reader]) => [name, await reads(reader)] as const));
  if (moment === 'granted') await rememberAccesses();
  const again = await Promise.all(
    [...readers]
      .filter(([name]) => accesses.has(`${name} 0`))
      .map(async ([name]) => [`keys again: ${name}`, await asksAgain(name)] as const),
  );
  const stolen = await steals();
  expect(Object.fromEntries([...read, ...again, ...stolen])).toEqual(saidAt(moment));
}

/** Waits until every gateway has read what any of them has. */
async function allHaveRead(): Promise<void> {
  const rests = [alder(), ...['birch', 'cedar', 'dogwood'].map((name) => as(name))];
  const blockOf = async (rest: RestClient) => (await rest.call<{ block: number }>('GET', '/datasets?limit=1')).block;
  const newest = Math.max(...(await Promise.all(rests.map(blockOf))));
  for (const rest of rests) await until(`block ${newest} to be read`, async () => (await blockOf(rest)) >= newest);
}

const lettersOf = async (outcomes: readonly Promise<string>[]) => (await Promise.all(outcomes)).map(letterOf).join('');

/** Asks as often as it takes until the answer is yes or no. */
function answerOf(ask: () => Promise<string>): Promise<string> {
  return until('an answer', async () => {
    try {
      return await ask();
    } catch (error) {
      if (error instanceof Problem && error.status < 500) return error.code;
      throw error;
    }
  });
}

function reads({ organization, grant }: Reader): Promise<string> {
  const rest = organization === 'alder' ? alder() : as(organization);
  const query = new URLSearchParams(organization === 'alder' ? {} : { purpose: research, ...(grant && { grant }) });
  return lettersOf(
    versions.map(({ id, entries }) =>
      answerOf(async () => {
        const digests = await contentDigests(rest, id, `?${query}`);
        expect(digests).toEqual(entryDigests(entries));
        return 'opens';
      }),
    ),
  );
}

/** Keeps what the ledger calls the accesses of the first moment. */
async function rememberAccesses(): Promise<void> {
  for (const [name, { organization, grant }] of readers) {
    if (organization === 'alder') continue;
    const { items } = await as(organization).call<Json>('GET', '/accesses?limit=200');
    for (const [at, { id }] of versions.entries()) {
      const found = items.find((one: Json) => one.version === id && one.grant === grant && one.outcome === 'allowed');
      if (found !== undefined) accesses.set(`${name} ${at}`, found.id);
    }
  }
  expect(accesses.size).toBe(8);
}

/** A reader's gateway asks the owner's for the keys of an access that it had. */
function asksAgain(name: string): Promise<string> {
  const { organization } = readersName(name);
  const own = network.layout.ofOrganization(organization);
  const who = {
    cert: readFileSync(own.tlsCertificate('gateway'), 'utf8'),
    key: readFileSync(own.tlsKey('gateway'), 'utf8'),
  };
  return lettersOf(
    [0, 1].map((at) =>
      answerOf(async () => {
        const body = JSON.stringify({ kind: 'access', access: accesses.get(`${name} ${at}`) });
        const answer = await rawPeer(network, 'alder', '/v1/keys/release', who, { method: 'POST', body });
        if (answer.status >= 500) throw new Error(`the key service answered ${answer.status}`);
        return answer.status === 200 ? 'opens' : (answer.code ?? String(answer.status));
      }),
    ),
  );
}

/** Everybody who copied the key store tries what was in it, and with its dataset keys what the ledger keeps now, on the disks of now. */
async function steals(): Promise<readonly (readonly [string, string])[]> {
  const [disks, kept] = [await stealDisks(network), await keptOnLedger(network, 'alder')];
  const tried = async ({ entries }: Version, keys: StolenKeys | undefined) =>
    (await theftOpens(entries, keys, disks, threads)) ? 'opens' : 'stays shut';
  const seen: [string, string][] = [];
  for (const [moment, { store }] of thefts) {
    const [alone, withLedger] = [[] as Promise<string>[], [] as Promise<string>[]];
    for (const version of versions) {
      const had = store.version(version.id as Parameters<KeyStore['version']>[0]);
      alone.push(tried(version, had));
      const now = kept.get(`version/${version.id}`);
      withLedger.push(tried(version, now && keptUnder(store, version.id, now)));
    }
    seen.push(
      [`thief of ${moment}`, await lettersOf(alone)],
      [`thief of ${moment}, ledger`, await lettersOf(withLedger)],
    );
  }
  return seen;
}
