import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DatasetId, idFrom, type MspId, type VersionId } from '@d-cloud/chaincode/domain';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { FailpointReached, failpointNames, failpoints } from '../publish/failpoint.ts';
import { KeyStore } from './key-store.ts';
import { Rotator, type RotatorPowers } from './rotator.ts';

const datasets = [1, 2].map((n) => idFrom('dset', new Uint8Array(16).fill(n)) as DatasetId);
const versions = [1, 2, 3].map((n) => ({
  version: idFrom('vers', new Uint8Array(16).fill(n)) as VersionId,
  dataset: datasets[n % 2] as DatasetId,
  epoch: 1,
  contentKey: randomBytes(32),
  salt: randomBytes(32),
  manifest: Buffer.from(`manifest ${n}`),
}));

let directory: string;
/** Under which epoch each version lay when it was last kept on the ledger. */
let kept: Map<VersionId, number>;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'rotator-'));
  kept = new Map();
});
afterEach(() => rmSync(directory, { recursive: true }));

const open = () =>
  KeyStore.open({
    file: join(directory, 'keys.sqlite'),
    keyFile: join(directory, 'key-store.key'),
    random: (bytes) => randomBytes(bytes),
  });

/** One pass of the rotator over a key store, where the ledger has every dataset at epoch 2. */
async function settle(keys: KeyStore, armed: readonly string[] = []): Promise<Rotator> {
  const rotator = new Rotator({
    organization: 'AlderMSP' as MspId,
    readModel: {
      get: (kind: string) => (kind === 'dataset' ? { record: { epoch: 2 } } : kind === 'version' ? {} : undefined),
    } as unknown as RotatorPowers['readModel'],
    keys,
    keeper: {
      ready: async () => {},
      keepOrganization: async () => {},
      gone: () => [],
      settle: async () => {
        for (const { version, epoch } of keys.versions()) kept.set(version, epoch);
      },
    },
    failpoint: failpoints(armed),
    log: pino({ level: 'silent' }),
  });
  await rotator.settle(new AbortController().signal);
  return rotator;
}

const contentKeys = (keys: KeyStore) =>
  versions.map(({ version }) => Buffer.from(keys.version(version)?.contentKey ?? []));
const everyContentKey = versions.map(({ contentKey }) => contentKey);

describe('a rotation of dataset keys', () => {
  const lines = failpointNames.filter((name) => name.startsWith('rotate.'));
  test.each(lines)(
    'that ends at %s loses no key, and destroys none whose successor is not kept; the next one does the rest',
    async (line) => {
      {
        using keys = open();
        for (const one of versions) keys.putVersion(one);
        expect(keys.datasetKeys()).toHaveLength(2);
        await expect(settle(keys, [`${line}:throw`])).rejects.toThrow(FailpointReached);
      }
      using keys = open();
      expect(contentKeys(keys)).toEqual(everyContentKey);
      const older = keys.datasetKeys().filter(({ epoch }) => epoch === 1);
      expect(older).toHaveLength(line === 'rotate.destroyed' ? 1 : 2);
      expect([...kept.values()]).toEqual(line === 'rotate.rewrapped' ? [] : [2, 2, 2]);

      const rotator = await settle(keys);
      expect(contentKeys(keys)).toEqual(everyContentKey);
      expect(keys.versions().map(({ epoch }) => epoch)).toEqual([2, 2, 2]);
      expect(keys.datasetKeys().map(({ epoch }) => epoch)).toEqual([2, 2]);
      expect([...kept.values()]).toEqual([2, 2, 2]);
      expect(rotator.progress()).toMatchObject({ settled: true, datasets: [{ behind: 0 }, { behind: 0 }] });
    },
  );
});
