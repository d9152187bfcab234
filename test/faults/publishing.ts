import type { VersionView } from '@d-cloud/gateway/cli';
import { failpointNames } from '@d-cloud/gateway/publish';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { refusalOf } from '../support/answers.ts';
import { storedBlocks } from '../support/blocks.ts';
import { disturbed } from '../support/disturbed.ts';
import type { Network } from '../support/network.ts';
import { largePhotographs } from '../support/samples.ts';
import { contentDigests, entryDigests, pieces, publishFiles, registerDataset, sha256 } from '../support/stories.ts';
import { type TarEntry, tar } from '../support/tar.ts';
import { until } from '../support/until.ts';

/** Lines of an upload between which the publishing gateway is killed. */
const lines = failpointNames.filter((name) => name.startsWith('publish.'));

/** The publishing gateway and the storage nodes die in the middle of an upload: nothing is half there, and the same request again ends it. */
export function killsWhilePublishing(network: () => Network): void {
  const alder = () => network().as('alder');
  const small: readonly TarEntry[] = [
    { name: 'a.txt', bytes: Buffer.from('what was acknowledged is there\n'.repeat(50)) },
  ];
  let blocksOfOne: number;

  beforeAll(async () => {
    const before = (await storedBlocks(network())).size;
    const { id } = await registerDataset(alder(), { title: 'Undisturbed', modality: 'documents' });
    await publishFiles(alder(), id, small);
    blocksOfOne = (await storedBlocks(network())).size - before;
  });

  describe.each(lines)('the gateway killed at %s', (line) => {
    test('the same request again gives one version, whole, and no block too many is left', async () => {
      const before = (await storedBlocks(network())).size;
      const { id } = await registerDataset(alder(), { title: `Killed at ${line}`, modality: 'documents' });
      await network().arm('alder', line);
      const key = `killed-at-${line}`;
      const interrupted = publishFiles(alder(), id, small, key).then(
        () => 'answered',
        () => 'cut',
      );
      await network().revive('alder');
      expect(await interrupted).toBe('cut');
      const version = await until('the repeated request to be answered', () => publishFiles(alder(), id, small, key));
      const { items } = await alder().call<{ items: VersionView[] }>('GET', `/datasets/${id}/versions`);
      expect(items.map((one) => one.id)).toEqual([version.id]);
      expect(await contentDigests(alder(), version.id)).toEqual(entryDigests(small));
      await until(
        'orphans to be gone',
        async () => (await storedBlocks(network())).size === before + blocksOfOne,
        60_000,
      );
    }, 180_000);
  });

  describe('in the middle of the bytes', () => {
    let entries: readonly TarEntry[];
    let whole: Buffer;
    beforeAll(async () => {
      entries = await largePhotographs(30);
      whole = tar(entries);
    });

    const publish = (dataset: string, idempotencyKey: string, bytes: AsyncIterable<Uint8Array>): Promise<VersionView> =>
      alder().call('POST', `/datasets/${dataset}/versions`, {
        stream: { type: 'application/x-tar', bytes },
        idempotencyKey,
      });

    test('a gateway killed there has published nothing; the same request again publishes all of it', async () => {
      const { id } = await registerDataset(alder(), { title: 'Gateway killed in the middle' });
      const { bytes, over } = disturbed(whole, () => network().kill('gateway-alder'));
      await expect(publish(id, 'middle-gateway', bytes)).rejects.toThrow();
      await over;
      expect((await alder().call<{ items: unknown[] }>('GET', `/datasets/${id}/versions`)).items).toEqual([]);
      const version = await until('the repeated request to be answered', () =>
        publish(id, 'middle-gateway', pieces(whole)),
      );
      expect(await contentDigests(alder(), version.id)).toEqual(entryDigests(entries));
    }, 180_000);

    test('a sender that goes away leaves neither a version nor blocks', async () => {
      const before = (await storedBlocks(network())).size;
      const { id } = await registerDataset(alder(), { title: 'Sender gone' });
      const gone = new AbortController();
      const { bytes } = disturbed(whole, async () => gone.abort());
      const stream = { type: 'application/x-tar', bytes };
      const first = alder().call('POST', `/datasets/${id}/versions`, { stream, signal: gone.signal });
      await expect(first).rejects.toThrow();
      await until('orphans to be gone', async () => (await storedBlocks(network())).size === before, 60_000);
      expect((await alder().call<{ items: unknown[] }>('GET', `/datasets/${id}/versions`)).items).toEqual([]);
    }, 120_000);

    test('an organization’s storage that dies there is either worked around or refused as retryable, never half acknowledged', async () => {
      const { id } = await registerDataset(alder(), { title: 'Storage killed in the middle' });
      const { bytes, over } = disturbed(whole, () => network().hold('storage-cedar'));
      const first = await publish(id, 'middle-storage', bytes).then(
        ({ id: version }) => version,
        (error: { status?: number; retryable?: boolean }) => {
          expect(error).toMatchObject({ status: 503, retryable: true });
          return undefined;
        },
      );
      await over;
      if (first === undefined) {
        expect((await alder().call<{ items: unknown[] }>('GET', `/datasets/${id}/versions`)).items).toEqual([]);
        const again = await refusalOf(publish(id, 'middle-storage', pieces(whole)));
        expect(again.status).toBe(503);
      }
      await network().release('storage-cedar');
      const version = await until('the repeated request to be answered', () =>
        publish(id, 'middle-storage', pieces(whole)),
      );
      if (first !== undefined) expect(version.id).toBe(first);
      expect(await contentDigests(alder(), version.id)).toEqual(entryDigests(entries));
    }, 180_000);

    test('an organization’s storage that dies during a read costs nothing of what is read', async () => {
      const { id } = await registerDataset(alder(), { title: 'Read while storage dies' });
      const version = await publish(id, 'read', pieces(whole));
      const response = await alder().open('GET', `/versions/${version.id}/content`, { accept: 'application/x-tar' });
      const read: Uint8Array[] = [];
      for await (const piece of response.body as unknown as AsyncIterable<Uint8Array>) {
        if (read.length === 0) await network().hold('storage-birch');
        read.push(piece);
      }
      await network().release('storage-birch');
      expect(sha256(Buffer.concat(read).subarray(0, whole.length - 1024))).toBe(
        sha256(whole.subarray(0, whole.length - 1024)),
      );
    }, 120_000);
  });
}
