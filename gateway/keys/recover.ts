import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { commit, type DatasetId, type KeptEntry, type MspId, Refusal, type VersionId } from '@d-cloud/chaincode/domain';
import { Fault } from '@d-cloud/network/ledger';
import { type KeyPair, manifestHash } from '@d-cloud/pipelines/seal';
import { z } from 'zod';
import { CustodyStore } from '../custody/custody-store.ts';
import type { GatewayLedger } from '../ledger.ts';
import { readKeptVersion } from './kept-version.ts';
import { KeyStore } from './key-store.ts';
import { putOrganizationKey } from './organization-keys.ts';
import { recoveryName, unwrapDatasetKey, unwrapOrganization } from './wrapped-keys.ts';

export type RecoverWish = {
  /** The gateway's data directory; there must be no key store in it. */
  readonly data: string;
  /** File of the organization's secret, which is written anew. */
  readonly organizationSecret: string;
  readonly organization: MspId;
  readonly channel: string;
  readonly ledger: Pick<GatewayLedger, 'evaluate'>;
  readonly recoveryKey: KeyPair;
};

export type Recovered = {
  readonly versions: number;
  readonly datasets: number;
  /** Versions that are kept and that the ledger never recorded: uploads that were not acknowledged. */
  readonly unpublished: readonly VersionId[];
};

const organizationSchema = z.strictObject({
  v: z.literal(1),
  organizationSecret: z.base64(),
  agreementKeys: z.array(z.strictObject({ epoch: z.int().min(1), secret: z.base64() })).min(1),
});

/**
 * Builds a gateway's key store again from what its organization keeps on the ledger, with the recovery key: all of it or nothing. Every
 * version's keys are held against what the ledger commits to. Refuses where there is a key store; the gateway must not run.
 */
export async function recoverKeys(wish: RecoverWish): Promise<Recovered> {
  const { data, organization, channel, recoveryKey } = wish;
  if (existsSync(join(data, 'keys.sqlite')) || existsSync(join(data, 'key-store.key')))
    throw new Fault('misconfigured', `There is a key store in ${data}: move it away first, nothing is written over.`);
  const entries = await Array.fromAsync(keptEntries(wish.ledger));
  const where = { channel, organization };
  const opener = { to: recoveryName, pair: recoveryKey };
  const own = entries.find(({ name }) => name === 'organization/own');
  if (own === undefined)
    throw new Fault('misconfigured', `The ledger keeps no keys of ${organization}: restore a backup instead.`);
  const secrets = organizationSchema.parse(
    JSON.parse(Buffer.from(await unwrapOrganization(where, bytesOf(own), recoveryKey)).toString('utf8')),
  );
  await mkdir(data, { recursive: true, mode: 0o700 });
  const staged = await mkdtemp(join(data, '.restore-'));
  try {
    const recovered = await fill();
    const secretFile = join(staged, 'organization-secret');
    await writeFile(secretFile, Buffer.from(secrets.organizationSecret, 'base64'), { mode: 0o600, flush: true });
    await rename(secretFile, wish.organizationSecret);
    // The key store comes last: what was killed before is begun again.
    const files = (await readdir(staged)).toSorted((a, b) => Number(a === 'keys.sqlite') - Number(b === 'keys.sqlite'));
    for (const file of files) await rename(join(staged, file), join(data, file));
    return recovered;
  } finally {
    await rm(staged, { recursive: true, force: true });
  }

  async function fill(): Promise<Recovered> {
    using keys = KeyStore.open({
      file: join(staged, 'keys.sqlite'),
      keyFile: join(staged, 'key-store.key'),
      random: randomBytes,
    });
    using custody = new CustodyStore(join(staged, 'custody.sqlite'));
    for (const { epoch, secret } of secrets.agreementKeys)
      putOrganizationKey(keys, epoch, Buffer.from(secret, 'base64'));
    const epochs = new Map<DatasetId, number[]>();
    for (const entry of entries) {
      const [kind, dataset, epochText] = entry.name.split('/') as [string, DatasetId, string];
      if (kind !== 'dataset') continue;
      const epoch = Number(epochText);
      const key = await unwrapDatasetKey(where, { dataset, epoch }, bytesOf(entry), opener);
      keys.adoptDatasetKey(dataset, epoch, key);
      key.fill(0);
      epochs.set(dataset, [...(epochs.get(dataset) ?? []), epoch]);
    }
    const unpublished: VersionId[] = [];
    let versions = 0;
    for (const entry of entries) {
      const [kind, version] = entry.name.split('/') as [string, VersionId];
      if (kind !== 'version') continue;
      const record = await absentOr(wish.ledger.evaluate('dataset:getVersion', { id: version }));
      if (record === undefined) {
        unpublished.push(version);
        continue;
      }
      const { kept, epoch } = open(keys, record.dataset, version, epochs.get(record.dataset) ?? [], bytesOf(entry));
      if (commit(kept.salt, Buffer.from(manifestHash(kept.manifest), 'hex')) !== record.manifestCommitment)
        throw new Fault('corrupt', `What is kept of ${version} is not what the ledger commits to.`);
      keys.putVersion({ version, dataset: record.dataset, epoch, ...kept });
      for (const place of kept.moved) custody.move(version, place);
      if (kept.job !== undefined) {
        const { id: job, rowSaltSecret } = kept.job;
        keys.putJob({ job, outputVersion: version, contentKey: kept.contentKey, rowSaltSecret });
      }
      versions++;
    }
    return { versions, datasets: epochs.size, unpublished };
  }
}

/** Opens a version under whichever of its dataset's keys it is sealed: a rotation may have been interrupted between two. */
function open(keys: KeyStore, dataset: DatasetId, version: VersionId, epochs: readonly number[], sealed: Uint8Array) {
  for (const epoch of epochs.toSorted((a, b) => b - a)) {
    try {
      return { epoch, kept: readKeptVersion(keys.openKept({ version, dataset, epoch }, sealed)) };
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
    }
  }
  throw new Fault('corrupt', `None of the kept keys of ${dataset} opens what is kept of ${version}.`);
}

async function* keptEntries(ledger: RecoverWish['ledger']): AsyncGenerator<KeptEntry> {
  let after: string | undefined;
  for (;;) {
    const { entries, more } = await ledger.evaluate('key:list', after === undefined ? {} : { after });
    yield* entries;
    after = entries.at(-1)?.name;
    if (!more || after === undefined) return;
  }
}

async function absentOr<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof Refusal && error.kind === 'absent') return undefined;
    throw error;
  }
}

const bytesOf = ({ value }: KeptEntry) => Buffer.from(value, 'base64');
