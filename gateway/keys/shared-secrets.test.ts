import { mintSecret, type ShareBlock } from '@d-cloud/pipelines/seal';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { SharedSecrets, type SharesAt } from './shared-secrets.ts';

const scheme = { k: 2, n: 3 };
const storageNodes = ['stor_a', 'stor_b', 'stor_c'];

/** Storage nodes with the shares of as many new S as are asked for; those that are down give nothing. */
class Storage {
  readonly down = new Set<number>();
  readonly blocks = new Map<string, ShareBlock>();
  gets = 0;

  newSecret(): { at: SharesAt; s: string } {
    const { s, blocks, digests } = mintSecret(scheme);
    for (const block of blocks) this.blocks.set(block.cid, block);
    return { at: { ...scheme, shares: digests, storageNodes, right: ['own', 'vers_a'] }, s: hex(s) };
  }

  readonly blocksAt = () => ({
    get: async (slot: number, cid: string) => {
      this.gets++;
      const block = this.blocks.get(cid);
      if (this.down.has(slot) || block?.slot !== slot) throw new Error(`no ${cid} at ${slot}`);
      return block.bytes;
    },
  });
}

const hex = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString('hex');

describe('shared secrets', () => {
  afterEach(() => void jest.useRealTimers());

  test('lend S while it is used and clear what was lent', async () => {
    const storage = new Storage();
    using secrets = new SharedSecrets(storage);
    const { at, s } = storage.newSecret();
    let lent: Uint8Array | undefined;
    const seen = await secrets.lend(at, (given) => {
      lent = given;
      return hex(given);
    });
    expect([seen, hex(lent)]).toEqual([s, '00'.repeat(32)]);
  });

  test('lend nothing of a version without shares, and ask nobody', async () => {
    const storage = new Storage();
    using secrets = new SharedSecrets(storage);
    expect(await secrets.lend(undefined, (given) => given === undefined)).toBe(true);
    expect(storage.gets).toBe(0);
  });

  test('gather once for all who ask within seconds, and again after them', async () => {
    jest.useFakeTimers();
    const storage = new Storage();
    using secrets = new SharedSecrets({ ...storage, blocksAt: storage.blocksAt, keepMs: 5_000 });
    const { at, s } = storage.newSecret();
    expect(await Promise.all([secrets.lend(at, hex), secrets.lend(at, hex)])).toEqual([s, s]);
    const { gets } = storage;
    jest.advanceTimersByTime(4_999);
    expect(await secrets.lend(at, hex)).toBe(s);
    expect(storage.gets).toBe(gets);
    jest.advanceTimersByTime(1);
    expect(await secrets.lend(at, hex)).toBe(s);
    expect(storage.gets).toBeGreaterThan(gets);
  });

  test('give nothing with k - 1 storage nodes, and S as soon as there are k again', async () => {
    const storage = new Storage();
    using secrets = new SharedSecrets(storage);
    const { at, s } = storage.newSecret();
    for (const slot of [0, 2]) storage.down.add(slot);
    await expect(secrets.lend(at, hex)).rejects.toMatchObject({ name: 'Fault', kind: 'unavailable', retryable: true });
    storage.down.delete(2);
    expect(await secrets.lend(at, hex)).toBe(s);
  });

  test('keep no more than 64 at once', async () => {
    const storage = new Storage();
    using secrets = new SharedSecrets(storage);
    const all = Array.from({ length: 65 }, () => storage.newSecret());
    for (const { at, s } of all) expect(await secrets.lend(at, hex)).toBe(s);
    const { gets } = storage;
    expect(await secrets.lend(all[64]!.at, hex)).toBe(all[64]!.s);
    expect(storage.gets).toBe(gets);
    expect(await secrets.lend(all[0]!.at, hex)).toBe(all[0]!.s);
    expect(storage.gets).toBeGreaterThan(gets);
  });

  test('let go of whoever does not wait any longer, while others still get theirs', async () => {
    const storage = new Storage();
    const asked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<void>();
    using secrets = new SharedSecrets({
      blocksAt: () => ({
        get: async (slot, cid) => {
          asked.resolve();
          await answer.promise;
          return storage.blocksAt().get(slot, cid);
        },
      }),
    });
    const { at, s } = storage.newSecret();
    const gone = new AbortController();
    const [leaving, staying] = [secrets.lend(at, hex, gone.signal), secrets.lend(at, hex)];
    await asked.promise;
    gone.abort(new Error('the caller went away'));
    await expect(leaving).rejects.toThrow('the caller went away');
    answer.resolve();
    expect(await staying).toBe(s);
  });
});
