import type { DatasetId, DomainEvent, MspId } from '@d-cloud/chaincode/domain';
import type { Logger } from 'pino';
import { FollowUp } from '../background/follow-up.ts';
import type { ReadModel } from '../projection/index.ts';
import type { Failpoint } from '../publish/failpoint.ts';
import type { KeyKeeper } from './key-keeper.ts';
import type { KeyStore } from './key-store.ts';
import { mintOrganizationKey, organizationEpoch, organizationKeys } from './organization-keys.ts';

export type RotatorPowers = {
  readonly organization: MspId;
  readonly readModel: Pick<ReadModel, 'get' | 'list' | 'events' | 'head'>;
  readonly keys: KeyStore;
  readonly keeper: Pick<KeyKeeper, 'settle' | 'gone' | 'ready' | 'keepOrganization'>;
  readonly failpoint: Failpoint;
  readonly log: Logger;
};

/** How far the keys of a dataset of ours have followed its epoch. */
export type DatasetRotation = {
  readonly dataset: DatasetId;
  /** As the ledger has it. */
  readonly epoch: number;
  readonly versions: number;
  /** Versions whose keys are still wrapped under an older epoch's key. */
  readonly behind: number;
  /** Epochs whose keys are not destroyed yet. */
  readonly older: readonly number[];
};

export type Rotation = {
  /** Whether everything is wrapped under the newest keys and the older ones are destroyed. */
  readonly settled: boolean;
  readonly organizationEpoch: number;
  readonly datasets: readonly DatasetRotation[];
};

const calls: ReadonlySet<DomainEvent['kind']> = new Set([
  'grant.revoked',
  'dataset.amended',
  'dataset.registered',
  'organization.registered',
  'organization.key-rotated',
  'dataset.erasure-requested',
  'dataset.erasure-recorded',
]);
const hourMs = 60 * 60 * 1000;

/**
 * Brings the key store after the epochs on the ledger, in the background: content keys are wrapped again under their dataset's newest key,
 * then an older epoch's key is destroyed here and on the ledger; dataset keys are wrapped to the organization's newest key, then older
 * ones are destroyed. Every step begins from what is there, so that a crash at any line is followed by the rest of the work.
 */
export class Rotator implements AsyncDisposable {
  readonly #powers: RotatorPowers;
  readonly #followUp: FollowUp;

  constructor(powers: RotatorPowers) {
    this.#powers = powers;
    this.#followUp = new FollowUp(powers, {
      wakes: ({ kind }) => calls.has(kind),
      pass: async (signal) => {
        await this.settle(signal);
        return true;
      },
      pauseMs: { first: 500, most: 60_000 },
      latestMs: () => hourMs,
    });
  }

  start(): void {
    this.#followUp.start();
  }

  /** How far the keys have come: each dataset of ours that has a key here, and the organization's own. */
  progress(): Rotation {
    const { keys, readModel, organization } = this.#powers;
    const versions = keys.versions();
    const epoch = organizationEpoch(readModel, organization);
    const datasets = this.#datasets(versions);
    const settled =
      datasets.every(({ behind, older }) => behind === 0 && older.length === 0) &&
      organizationKeys(keys).every((one) => one.epoch >= epoch) &&
      this.#powers.keeper.gone().length === 0 &&
      [...keys.kept().values()].every((mark) => mark !== '');
    return { settled, organizationEpoch: epoch, datasets };
  }

  #datasets(versions: ReturnType<KeyStore['versions']>): readonly DatasetRotation[] {
    const { keys } = this.#powers;
    return [...Map.groupBy(keys.datasetKeys(), ({ dataset }) => dataset)].flatMap(([dataset, kept]) => {
      const epoch = this.#epochOf(dataset);
      if (epoch === undefined) return [];
      const own = versions.filter((one) => one.dataset === dataset);
      const older = kept.map((one) => one.epoch).filter((one) => one < epoch);
      return [{ dataset, epoch, versions: own.length, behind: own.filter((one) => one.epoch < epoch).length, older }];
    });
  }

  /** One pass over everything; what is in order costs no write. */
  async settle(signal: AbortSignal = this.#followUp.signal): Promise<void> {
    const { keys, keeper, readModel, organization, failpoint, log } = this.#powers;
    await keeper.ready();
    for (const { version, dataset, epoch } of keys.versions()) {
      signal.throwIfAborted();
      const newest = this.#epochOf(dataset);
      if (newest === undefined || epoch >= newest) continue;
      keys.rewrapVersion(version, newest);
      failpoint('rotate.rewrapped');
    }
    const isOnItsWay = (version: string) => readModel.get('version', version) === undefined;
    await keeper.settle(isOnItsWay, signal);
    failpoint('rotate.kept');
    let destroyed = 0;
    for (const { dataset, epoch, versions } of keys.datasetKeys()) {
      const newest = this.#epochOf(dataset);
      if (newest === undefined || epoch >= newest || versions > 0) continue;
      if (!keys.destroyDatasetKey(dataset, epoch)) continue;
      destroyed++;
      failpoint('rotate.destroyed');
      log.info({ dataset, epoch }, 'the key of an older epoch is destroyed');
    }
    const current = organizationEpoch(readModel, organization);
    for (const { epoch } of organizationKeys(keys)) {
      if (epoch >= current) continue;
      keys.forgetSecret(`agreement-key-${epoch}`);
      destroyed++;
      log.info({ epoch }, "the organization's key of an older epoch is destroyed");
    }
    // What is kept of them goes from the ledger too.
    if (destroyed > 0) await keeper.settle(isOnItsWay, signal);
    keys.forgetOnDisk();
  }

  /** The public half of the organization's next key, base64; the key is durable here and kept on the ledger before anybody is told. */
  async mintNext(): Promise<string> {
    const { keys, keeper, readModel, organization } = this.#powers;
    await keeper.ready();
    const { publicKey } = mintOrganizationKey(keys, organizationEpoch(readModel, organization) + 1);
    await keeper.keepOrganization();
    return Buffer.from(publicKey).toString('base64');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#followUp[Symbol.asyncDispose]();
  }

  #epochOf(dataset: DatasetId): number | undefined {
    return this.#powers.readModel.get('dataset', dataset)?.record.epoch;
  }
}
