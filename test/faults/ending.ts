import type { GrantView, VersionView } from '@d-cloud/gateway/cli';
import { type FailpointName, failpointNames } from '@d-cloud/gateway/publish';
import { expect, test } from '@jest/globals';
import { refusalOf } from '../support/answers.ts';
import { storedBlocks } from '../support/blocks.ts';
import { audit, storageOf } from '../support/custody.ts';
import { erased, requestErasure } from '../support/erasure.ts';
import type { Network } from '../support/network.ts';
import {
  allHaveRead,
  askAndIssue,
  contentDigests,
  entryDigests,
  publishFiles,
  registerDataset,
  research,
} from '../support/stories.ts';
import { until } from '../support/until.ts';

type KeysView = { readonly settled: boolean; readonly resealing: Record<'due' | 'clearing', readonly string[]> };

const linesOf = (what: string) => failpointNames.filter((name) => name.startsWith(`${what}.`));
const entries = [{ name: 'a.txt', bytes: Buffer.from('this is there until its owner ends it\n'.repeat(50)) }];

/** The owner's gateway dies while it ends a right or a version: until the ledger has it nothing has changed, from then on it goes on to its end, once. */
export function killsWhileEnding(network: () => Network): void {
  const alder = () => network().as('alder', 'admin');
  const birch = () => network().as('birch');

  async function published(title: string) {
    const { id: dataset } = await registerDataset(alder(), { title, modality: 'documents' });
    const version = await publishFiles(alder(), dataset, entries);
    const issue = () => askAndIssue(network(), { dataset, actions: ['read'] });
    const grant = await issue();
    const readBy = (id: string) => contentDigests(birch(), version.id, `?purpose=${research}&grant=${id}`);
    return { version, grant, issue, readBy, read: () => readBy(grant.id) };
  }

  const revocation = (grant: GrantView, how: { readonly hard?: true }) => () =>
    alder().call<GrantView>('POST', `/grants/${grant.id}/revoke`, {
      body: { reason: 'the story', ...how },
      idempotencyKey: `revoked-${grant.id}`,
    });

  /** A gateway that dies at every line of what follows a revoke: the same request again is answered alike, whoever else may read does, and the revoked grant opens nothing. */
  async function walkAfterRevoke(title: string, how: { readonly hard?: true }, [first, ...later]: readonly string[]) {
    const { version, grant, issue, read, readBy } = await published(title);
    const other = await issue();
    const revoke = revocation(grant, how);
    await network().arm('alder', first!);
    const asked = revoke().catch(() => undefined);
    expect(later.length).toBeGreaterThan(0);
    for (const line of later) await network().reach('alder', line);
    await network().revive('alder');
    const { state, ledger } = await until('the repeated request to be answered', revoke);
    expect(state).toBe('revoked');
    expect((await asked)?.ledger ?? ledger).toEqual(ledger);
    await until('what follows the revoke to be done', async () => {
      const { settled, resealing } = await alder().call<KeysView>('GET', '/organizations/own/keys');
      return settled && resealing.due.length + resealing.clearing.length === 0;
    });
    await allHaveRead(network(), ledger.block);
    expect(await contentDigests(alder(), version.id)).toEqual(entryDigests(entries));
    expect(await readBy(other.id)).toEqual(entryDigests(entries));
    expect(await refusalOf(read())).toEqual({ status: 403, code: 'GRANT_REVOKED' });
    return version;
  }

  /** Asks something of a gateway that dies of it, and gives whether there was an answer. */
  async function cutAt(line: FailpointName, ask: () => Promise<unknown>): Promise<void> {
    await network().arm('alder', line);
    const cut = ask().then(
      () => 'answered',
      () => 'cut',
    );
    await network().becomes('gateway-alder', 'held');
    expect(await cut).toBe('cut');
  }

  test('a revoke: the grant is in force or revoked, and the same request again is answered as the first would have been', async () => {
    const { grant, read } = await published('Revoked');
    const revoke = revocation(grant, {});
    expect(linesOf('revoke')).toEqual(['revoke.asked', 'revoke.submitted']);
    await cutAt('revoke.asked', revoke);
    await network().revive('alder');
    expect(await read()).toEqual(entryDigests(entries));
    await cutAt('revoke.submitted', revoke);
    await network().revive('alder');
    const { state, ledger } = await until('the repeated request to be answered', revoke);
    expect(state).toBe('revoked');
    await allHaveRead(network(), ledger.block);
    expect(await refusalOf(read())).toEqual({ status: 403, code: 'GRANT_REVOKED' });
    expect(await revoke()).toMatchObject({ ledger });
  }, 180_000);

  test('a rotation, killed at every line one after the other: the older key is gone, and what it was over opens', async () => {
    const lines = linesOf('rotate');
    const { id } = await walkAfterRevoke('Rotated', {}, lines);
    expect(await alder().call('GET', `/versions/${id}`)).not.toHaveProperty('sealing', 2);
  }, 180_000);

  test('a hard revoke, killed at every line of sealing anew: one new sealing, and none of the old blocks nor any other is left', async () => {
    const lines = linesOf('reseal');
    const before = new Set((await storedBlocks(network())).keys());
    const { id } = await walkAfterRevoke('Sealed anew', { hard: true }, lines);
    expect(await alder().call('GET', `/versions/${id}`)).toMatchObject({ sealing: 2, epoch: 2 });
    const added = [...(await storedBlocks(network())).keys()].filter((block) => !before.has(block));
    const { n, blocksPerFragment } = await storageOf(alder(), id);
    expect(added).toHaveLength(n * blocksPerFragment);
    expect(await audit(alder(), id)).toMatchObject({ state: 'stored', intact: n });
  }, 240_000);

  test('an erasure, killed at every line one after the other: it is one erasure, and no block of the version is left', async () => {
    const before = new Set((await storedBlocks(network())).keys());
    const { version, read } = await published('Erased');
    const blocks = [...(await storedBlocks(network())).keys()].filter((block) => !before.has(block));
    expect(blocks.length).toBeGreaterThanOrEqual(7);
    const ask = () => requestErasure(alder(), version.id, 'killed-at-erase');
    const [asked, submitted, ...later] = linesOf('erase');
    await cutAt(asked!, ask);
    await network().revive('alder');
    expect(await read()).toEqual(entryDigests(entries));
    await cutAt(submitted!, ask);
    // Begun again it goes on by itself, as far as the next line.
    expect(later.length).toBeGreaterThan(0);
    for (const line of later) await network().reach('alder', line);
    await network().revive('alder');
    const done = await erased(alder(), version.id);
    expect(await until('the repeated request to be answered', ask)).toMatchObject({ id: done.id });
    await allHaveRead(network(), done.ledger.block);
    expect(await refusalOf(read())).toEqual({ status: 403, code: 'ERASED' });
    const left = await storedBlocks(network());
    expect(blocks.filter((block) => left.has(block))).toEqual([]);
    expect(done.progress!.nodes.every(({ outcome }) => outcome === 'absent')).toBe(true);
    const { items } = await alder().call<{ items: VersionView[] }>('GET', `/datasets/${version.dataset}/versions`);
    expect(items.map(({ id }) => id)).toEqual([version.id]);
  }, 240_000);
}
