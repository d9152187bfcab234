import { fileURLToPath } from 'node:url';
import type { JobRecord, ModelVersionRecord } from '@d-cloud/chaincode/domain';
import { expect, test } from '@jest/globals';
import { readModelFolder } from '../infer/index.ts';
import { writeSegment } from '../ingest/index.ts';
import { OpenModels } from './open-models.ts';

const folder = fileURLToPath(new URL('../../../models/efficientnet-lite0', import.meta.url));

test('a child that has seen one requester’s data is not given another’s', async () => {
  const model = await readModelFolder(folder);
  const weights = Object.values(model.card.files).find(({ role }) => role === 'weights');
  const version = { digest: weights?.sha256, cardDigest: model.digest } as unknown as ModelVersionRecord;
  const files: [string, Uint8Array][] = [['card.json', model.cardBytes], ...model.files];
  async function* segments() {
    for (const [item, [name, bytes]] of files.entries()) {
      const row = { name, media_type: 'application/octet-stream', bytes, attributes: '{}', item, part: 0, parts: 1 };
      yield { index: item, bytes: writeSegment([row]), rows: 1 };
    }
  }
  const numeric = { threads: 1, graphOptimization: 'all', preciseQuantization: false };
  const job = (requester: string, dataset: string) =>
    ({ requester, dataset, modelVersion: 'vers_model', numeric }) as unknown as JobRecord;
  await using models = new OpenModels();
  const open = (requester: string, dataset: string) =>
    models.open(job(requester, dataset), version, segments, AbortSignal.timeout(60_000));
  const first = await open('BirchMSP', 'dset_a');
  expect(await open('BirchMSP', 'dset_a')).toBe(first);
  expect(await open('CedarMSP', 'dset_a')).not.toBe(first);
  expect(await open('BirchMSP', 'dset_b')).not.toBe(first);
}, 120_000);
