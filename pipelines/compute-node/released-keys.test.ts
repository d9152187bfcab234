import type { Claim, JobRecord, MspId, PartitionRecord } from '@d-cloud/chaincode/domain';
import { Fault } from '@d-cloud/network/ledger';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { encodeManifest, generateKeyPair, manifestOf, sealKeyRelease } from '../seal/index.ts';
import { minFragmentBytes } from '../seal/layout.ts';
import { askForKeys } from './released-keys.ts';

const alder = 'AlderMSP' as MspId;
const cedar = 'CedarMSP' as MspId;
/** Alder's own job on its own data with Cedar's model: Alder answers for input and output, Cedar for the model alone. */
const job = {
  id: 'job_a',
  dataset: 'dset_data',
  datasetOwner: alder,
  version: 'vers_data',
  modelOwner: cedar,
  modelVersion: 'vers_model',
  requester: alder,
  outputDataset: 'dset_output',
  outputVersion: 'vers_output',
  purpose: 'research',
} as unknown as JobRecord;
const partition = { job: job.id, index: 0 } as PartitionRecord;
const claim = { node: 'comp_a', token: 1, transaction: 'tx-claim' } as unknown as Claim;
const ephemeral = generateKeyPair();
const signal = new AbortController().signal;

const places = [0, 1].map((slot) => ({ slot, storageNode: `stor_${slot}`, organization: alder }));
const manifest = encodeManifest(
  manifestOf({
    version: 'vers_data',
    k: 1,
    n: 2,
    slots: places,
    segments: [{ index: 0, rows: 1, token: 0, fragmentBytes: minFragmentBytes, digests: new Uint8Array(64) }],
    last: true,
    schemaHash: 'ab'.repeat(32),
  }),
);
const opening = { v: 1, manifest: Buffer.from(manifest).toString('base64'), salt: 'AAAA', keys: [] };
const outputKeys = (secret: string) => ({
  v: 1,
  keys: [],
  rowSaltSecret: Buffer.from(secret).toString('base64'),
  scheme: { k: 1, n: 1 },
  slots: [],
  segmentCount: 1,
});

async function released(role: string, dataset: string, version: string, payload: unknown) {
  const named = { dataset, version, epoch: 1 };
  const context = {
    channel: 'dcloud',
    ...named,
    grantee: claim.node,
    purpose: job.purpose,
    transaction: claim.transaction,
  };
  const release = await sealKeyRelease(ephemeral.publicKey, context, Buffer.from(JSON.stringify(payload)));
  return { role, ...named, release };
}

let answers: Map<MspId, unknown[]>;

beforeEach(async () => {
  answers = new Map([
    [
      alder,
      [
        await released('input', 'dset_data', 'vers_data', opening),
        await released('output', 'dset_output', 'vers_output', outputKeys("the requester's")),
      ],
    ],
    [cedar, [await released('model', 'dset_model', 'vers_model', opening)]],
  ]);
});

const peers = { send: async (_method: string, owner: MspId) => ({ releases: answers.get(owner) }) };
const ask = () => askForKeys(peers, 'dcloud', { job, partition, claim }, ephemeral, signal);

describe('released keys', () => {
  test('come from the service of each owner', async () => {
    const { output } = await ask();
    expect(Buffer.from(output.rowSaltSecret).toString()).toBe("the requester's");
  });

  test('come with where the fragments lie now, when their owner has moved some', async () => {
    const { input: before } = await ask();
    expect(before.slots).toEqual(places);
    const slots = [{ slot: 1, storageNode: 'stor_elsewhere', organization: cedar }, places[0]];
    answers.get(alder)![0] = await released('input', 'dset_data', 'vers_data', { ...opening, slots });
    const { input } = await ask();
    expect(input.slots.map(({ storageNode }) => storageNode)).toEqual(['stor_0', 'stor_elsewhere']);
    for (const wrong of [[places[0]], [places[0], places[0]]]) {
      answers.get(alder)![0] = await released('input', 'dset_data', 'vers_data', { ...opening, slots: wrong });
      await expect(ask()).rejects.toMatchObject({ name: 'Fault', kind: 'corrupt' });
    }
  });

  test("of the results are the requester's to choose, not the model owner's", async () => {
    answers.get(cedar)?.push(await released('output', 'dset_output', 'vers_output', outputKeys("the model owner's")));
    await expect(ask()).rejects.toMatchObject({ name: 'Fault', kind: 'corrupt' });
  });

  test('of another version are refused', async () => {
    answers.set(cedar, [await released('model', 'dset_model', 'vers_other', opening)]);
    await expect(ask()).rejects.toMatchObject({ name: 'Fault', kind: 'corrupt' });
  });

  test('are asked for again while an owner has not read the claim', async () => {
    let asked = 0;
    const lagging = {
      send: async (method: string, owner: MspId) => {
        if (owner === cedar && asked++ === 0)
          throw new Fault('unavailable', 'There is no such thing here.', { retryable: false });
        return peers.send(method, owner);
      },
    };
    await expect(askForKeys(lagging, 'dcloud', { job, partition, claim }, ephemeral, signal)).resolves.toBeDefined();
    expect(asked).toBe(2);
  });
});
