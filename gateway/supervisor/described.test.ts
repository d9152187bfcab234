import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { descriptionOf } from './described.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'd-cloud-described-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe('the network of a directory that a person starts without a file', () => {
  test('is the usual one, and goes public beside an embedded ledger when that is asked for', async () => {
    const asked = await descriptionOf(directory, 20_000, { ipfs: 'public' });
    expect(asked.ledger).toEqual({ kind: 'embedded' });
    expect(asked.store).toEqual({ kind: 'kubo', publicSwarm: { bootstrap: ['auto'] } });
    expect(await descriptionOf(directory, 20_000, { ipfs: 'public' })).toEqual(asked);
    expect(await descriptionOf(directory, 20_000, { kind: 'embedded' })).toEqual(asked);
    expect(await descriptionOf(directory)).toEqual(asked);
  });

  test('stays as it is when another kind is asked for, and says how it is changed', async () => {
    const { store } = await descriptionOf(directory, 20_000);
    expect(store).toEqual({ kind: 'embedded' });
    await expect(descriptionOf(directory, 20_000, { kind: 'real' })).rejects.toThrow('is embedded and stays so');
    await expect(descriptionOf(directory, 20_000, { ipfs: 'public' })).rejects.toThrow('by dcloud network up');
    expect((await descriptionOf(directory, 20_000, { ipfs: 'private' })).store).toEqual({ kind: 'embedded' });
  });
});
