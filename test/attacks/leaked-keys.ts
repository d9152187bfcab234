import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { JobView } from '@d-cloud/gateway/cli';
import {
  blockDigest,
  combineShares,
  decodeShare,
  type GetFragment,
  gatherSecret,
  interpolateShare,
  openSegments,
  SealThreads,
  type SharedSecret,
  type VersionSecret,
} from '@d-cloud/pipelines/seal';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { blockFiles } from '../support/custody.ts';
import type { Network } from '../support/network.ts';
import { photograph } from '../support/samples.ts';
import { filesHolding } from '../support/search.ts';
import { type Leak, stolenFrom } from '../support/stolen-keys.ts';
import {
  askAndIssue,
  contentDigests,
  entryDigests,
  jobEnd,
  publishFiles,
  publishModel,
  registerDataset,
  requestJob,
  research,
} from '../support/stories.ts';
import type { TarEntry } from '../support/tar.ts';

type Blocks = ReadonlyMap<string, Uint8Array>;
/** What was stolen of a version, beside what is in it. */
type Stolen = Leak & { readonly disks: readonly Blocks[]; readonly entries: readonly TarEntry[] };

/** Sealed bytes look alike whatever was sealed: noise, one byte again and again, words, and a file with a header that everybody knows. */
const kinds = ['JPEG', 'zeros', 'text', 'PNG'] as const;
type Kind = (typeof kinds)[number];
const entriesOf = async (kind: Kind): Promise<readonly TarEntry[]> => {
  switch (kind) {
    case 'JPEG':
      return [await photograph('drum.jpg'), await photograph('rocket.jpg')];
    case 'zeros':
      return [{ name: 'zeros.bin', bytes: Buffer.alloc(256 * 1024) }];
    case 'text':
      return [{ name: 'letter.txt', bytes: Buffer.from('Whoever has fewer than k pieces has none.\n'.repeat(4_000)) }];
    case 'PNG':
      return [await photograph('coffee.png')];
  }
};

const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** Whoever stole an organization's key store with its key file, a backup of both say, and copied the disks of k - 1 storage nodes. */
export function leakedKeys(network: () => Network): void {
  let entries: readonly TarEntry[];
  let dataset: string;
  let version: string;
  let model: string;
  let grant: string;
  let stolen: ReadonlyMap<Kind, Stolen>;
  let job: JobView;
  const alder = () => network().as('alder');
  const birch = () => network().as('birch');
  const threads = new SealThreads(1);

  beforeAll(async () => {
    entries = await entriesOf('JPEG');
    ({ id: dataset } = await registerDataset(alder(), { title: 'Leaked' }));
    ({ id: version } = await publishFiles(alder(), dataset, entries));
    model = await publishModel(network(), 'classifier');
    ({ id: grant } = await askAndIssue(network(), { dataset, model, actions: ['use', 'read'] }));
    const requested = await requestJob(birch(), { version, model, grant });
    job = await jobEnd(birch(), requested.id);
    expect(job.state).toBe('succeeded');
    const others = new Map<Kind, Stolen>([['JPEG', await stealing(version, entries)]]);
    for (const kind of kinds.filter((one) => one !== 'JPEG')) {
      const modality = kind === 'PNG' ? 'images' : 'documents';
      const { id } = await registerDataset(alder(), { title: `Leaked ${kind}`, modality });
      const files = await entriesOf(kind);
      others.set(kind, await stealing((await publishFiles(alder(), id, files)).id, files));
    }
    stolen = others;
  }, 180_000);
  afterAll(() => threads[Symbol.asyncDispose]());

  async function stealing(of: string, files: readonly TarEntry[]): Promise<Stolen> {
    const leak = await stolenFrom(network(), 'alder', of);
    const disks = await Promise.all(leak.manifest.slots.map(({ storageNode }) => disk(network(), storageNode)));
    return { ...leak, disks, entries: files };
  }

  const from = ({ disks }: Stolen, held: readonly number[]): { readonly get: GetFragment } => ({
    get: async (slot, cid) => {
      const bytes = held.includes(slot) ? disks[slot]?.get(Buffer.from(blockDigest(cid)).toString('hex')) : undefined;
      if (bytes === undefined) throw new Error(`slot ${slot} has no ${cid}`);
      return bytes;
    },
  });
  const everySlot = ({ manifest }: Stolen) => manifest.slots.map(({ slot }) => slot);
  const open = async (leaked: Stolen, secret: VersionSecret, held: readonly number[]) => {
    const opened = openSegments(leaked.manifest, {
      secretFor: () => secret,
      ...from(leaked, held),
      threads,
      hedge: { afterMs: 5 },
    });
    return Buffer.concat((await Array.fromAsync(opened)).map(({ bytes }) => bytes));
  };

  test.each(kinds)(
    'has the content key and k - 1 storage nodes of any choice, and neither S nor a segment: %s',
    async (kind) => {
      const leaked = stolen.get(kind)!;
      const { contentKey, manifest } = leaked;
      expect([manifest.k, manifest.n, contentKey.length]).toEqual([4, 7, 32]);
      const groups = choices(manifest.n, manifest.k - 1);
      expect(groups).toHaveLength(35);
      for (const held of groups) {
        await expect(gatherSecret(manifest, { ...from(leaked, held), hedge: { afterMs: 5 } })).rejects.toMatchObject({
          code: 'INSUFFICIENT_SHARES',
        });
        await expect(open(leaked, { cek: contentKey }, held)).rejects.toMatchObject({ code: 'INSUFFICIENT_FRAGMENTS' });
      }
    },
  );

  test.each(kinds)('opens nothing with the content key and every fragment but the shares: %s', async (kind) => {
    const leaked = stolen.get(kind)!;
    await expect(open(leaked, { cek: leaked.contentKey }, everySlot(leaked))).rejects.toMatchObject({
      code: 'SEGMENT_CORRUPT',
    });
  });

  test('has k - 1 shares that fit any S whatever, so that they tell nothing of the right one', async () => {
    const leaked = stolen.get('JPEG')!;
    const { manifest } = leaked;
    const known = everySlot(leaked)
      .slice(0, manifest.k - 1)
      .map((slot) => decodeShare(shareOf(manifest, leaked.disks, slot), slot, manifest));
    for (const guess of [new Uint8Array(32), new Uint8Array(32).fill(255)]) {
      const forged = interpolateShare([{ index: 0, bytes: guess }, ...known], manifest.k);
      expect(Buffer.from(combineShares([...known, forged], manifest)).equals(guess)).toBe(true);
      await expect(open(leaked, { cek: leaked.contentKey, s: guess }, everySlot(leaked))).rejects.toMatchObject({
        code: 'SEGMENT_CORRUPT',
      });
    }
  });

  test.each(kinds)(
    'would open it with one storage node more: that is the attack, and what k is for: %s',
    async (kind) => {
      const leaked = stolen.get(kind)!;
      const held = [0, 2, 4, 6];
      const s = await gatherSecret(leaked.manifest, { ...from(leaked, held), hedge: { afterMs: 5 } });
      const plain = await open(leaked, { cek: leaked.contentKey, s }, held);
      expect(leaked.entries.length).toBeGreaterThan(0);
      for (const { bytes } of leaked.entries) expect(plain.includes(Buffer.from(bytes!))).toBe(true);
      await expect(open(leaked, { cek: leaked.contentKey.map((byte) => byte ^ 1), s }, held)).rejects.toMatchObject({
        code: 'SEGMENT_CORRUPT',
      });
    },
  );

  test('finds S whole in no file of the network, neither its own bytes nor written as text', async () => {
    const [input, results] = await Promise.all([
      secretOf(network(), 'alder', version),
      secretOf(network(), 'birch', job.outputVersion),
    ]);
    const forms = [input, results].flatMap(({ s }) => [
      s,
      ...(['hex', 'base64', 'base64url'] as const).map((form) => Buffer.from(s.toString(form))),
    ]);
    const { looked, found } = await filesHolding(network().directory, forms);
    expect([looked > 100, [...found.values()].flat()]).toEqual([true, []]);
    // A share is found where it belongs, so that finding no S means something.
    const places = await filesHolding(join(network().directory, 'organizations', 'alder'), input.shares);
    expect([...places.found.values()].flat()).toHaveLength(3);
  }, 120_000);

  describe('while all storage of the owner’s organization is down', () => {
    beforeAll(() => network().hold('storage-alder'), 60_000);
    afterAll(() => network().release('storage-alder'), 60_000);

    test('its owner, and a reader under a grant, still gather S and open the content', async () => {
      const query = `?purpose=${encodeURIComponent(research)}&grant=${grant}`;
      expect(await contentDigests(alder(), version)).toEqual(entryDigests(entries));
      expect(await contentDigests(birch(), version, query)).toEqual(entryDigests(entries));
    }, 60_000);

    test('the results of a job are still read, and proven in its evidence', async () => {
      const results = await birch().open('GET', `/jobs/${job.id}/results`, { accept: 'application/x-ndjson' });
      expect((await results.text()).trim().split('\n')).toHaveLength(entries.length);
      const evidence = await birch().open('GET', `/jobs/${job.id}/evidence`, { accept: '*/*' });
      expect((await evidence.arrayBuffer()).byteLength).toBeGreaterThan(1_000);
    }, 60_000);
  });
}

/** A storage node's blocks, by the digest of what is in them. */
async function disk(network: Network, storageNode: string): Promise<Blocks> {
  const files = await blockFiles(network, storageNode);
  return new Map([...files.values()].map((bytes) => [digest(bytes), bytes]));
}

/** S and its shares, put together from all storage nodes' disks. */
async function secretOf(network: Network, organization: 'alder' | 'birch', version: string) {
  const { manifest } = await stolenFrom(network, organization, version);
  const blocks = await Promise.all(manifest.slots.map(({ storageNode }) => disk(network, storageNode)));
  const shares = manifest.slots.map(({ slot }) => decodeShare(shareOf(manifest, blocks, slot), slot, manifest));
  return { s: Buffer.from(combineShares(shares, manifest)), shares: shares.map(({ bytes }) => Buffer.from(bytes)) };
}

function shareOf({ shares }: SharedSecret, blocks: readonly Blocks[], slot: number): Uint8Array {
  return blocks[slot]!.get(Buffer.from(shares.subarray(32 * slot, 32 * slot + 32)).toString('hex'))!;
}

/** Every choice of `size` of the numbers below `n`. */
function choices(n: number, size: number, first = 0): number[][] {
  if (size === 0) return [[]];
  return Array.from({ length: n - first }, (_, at) => first + at).flatMap((one) =>
    choices(n, size - 1, one + 1).map((rest) => [one, ...rest]),
  );
}
