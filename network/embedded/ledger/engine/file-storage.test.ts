import { fdatasync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { EngineWorld } from '../testing/engine-world.ts';
import { fileStorage } from './file-storage.ts';

let world: EngineWorld;
let directory: string;
beforeAll(async () => {
  world = await EngineWorld.found();
});
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ledger-files-'));
});
afterEach(() => rm(directory, { recursive: true }));

/** A disk that fails one sync and says yes to every later one, as the kernel does that has dropped the dirty pages. */
function failingOnce() {
  const disk = { failNext: false, syncs: 0 };
  const sync = async (descriptor: number): Promise<void> => {
    disk.syncs++;
    if (disk.failNext) {
      disk.failNext = false;
      throw Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' });
    }
    await promisify(fdatasync)(descriptor);
  };
  return { disk, sync };
}

describe('a disk that fails to sync once', () => {
  test('gets no second sync of that file, and the ledger is told to end', async () => {
    const { disk, sync } = failingOnce();
    const faults: unknown[] = [];
    const log = await fileStorage(directory, { sync, onFault: (cause) => faults.push(cause) }).open('log');
    await log.append(Buffer.from('kept'));
    disk.failNext = true;
    await expect(log.append(Buffer.from('lost'))).rejects.toThrow('EIO');
    await expect(log.append(Buffer.from('late'))).rejects.toThrow('EIO');
    await expect(log.truncate(0)).rejects.toThrow('EIO');
    expect([disk.syncs, faults.length, log.sizeBytes]).toEqual([2, 1, 4]);
    await log.close();
    const again = await fileStorage(directory).open('log');
    expect((await again.read(0, 4)).toString()).toBe('kept');
    await again.close();
  });

  test('costs the block that was being written its acknowledgement, and every one behind it', async () => {
    const { disk, sync } = failingOnce();
    const put = (ledger: Awaited<ReturnType<typeof world.open>>, key: string) =>
      world.transaction(ledger, (simulation) => simulation.put('cc', key, Buffer.from('v')));
    const ledger = await world.open(fileStorage(directory, { sync }));
    expect(await world.commit(ledger, put(ledger, 'kept'))).toEqual([0]);
    const [lost, late] = [put(ledger, 'lost'), put(ledger, 'late')];
    disk.failNext = true;
    await expect(world.commit(ledger, lost)).rejects.toThrow('EIO');
    expect(() => ledger.submit(late, true)).toThrow('The ledger takes no more transactions.');
    for (const { header } of [lost, late]) expect(ledger.commits.get(header.txId)).toBeUndefined();
    expect(ledger.height).toBe(2);
    await ledger[Symbol.asyncDispose]();
    // What lies on the disk of the block in question is before or after, and the same transaction finds out which.
    await using again = await world.open(fileStorage(directory));
    expect([2, 3]).toContain(again.height);
  });
});
