import type { StorageNodeId, VersionId } from '@d-cloud/chaincode/domain';
import type { BlockStore } from '@d-cloud/network/store';
import type { StorageManifest } from '@d-cloud/pipelines/seal';
import type { KeyKeeper } from '../keys/key-keeper.ts';
import type { GatewayLedger } from '../ledger.ts';
import type { ReadModel } from '../projection/index.ts';
import type { UploadJournal } from '../publish/upload-journal.ts';
import { type AskedRepair, AskedRepairs } from './asked-repairs.ts';
import { Care, type Cared, type CarePowers, type HearPut, type Recorder } from './care.ts';
import { collectOrphans, hasLeft, type OrphanPowers } from './collect-orphans.ts';
import { nodesFor } from './nodes-for.ts';
import { OneAtATime } from './one-at-a-time.ts';
import { type KnownVersion, OwnVersions } from './own-versions.ts';
import { planAudit } from './plan-audit.ts';
import { Rounds } from './rounds.ts';
import { type CurrentSlot, currentSlots } from './version-blocks.ts';
import { type VersionStorage, versionStorage } from './version-storage.ts';

export type CustodianPowers = CarePowers & {
  readonly ledger: Pick<GatewayLedger, 'submit' | 'evaluate'>;
  readonly readModel: Pick<ReadModel, 'get' | 'list' | 'events' | 'head'>;
  readonly journal: Pick<UploadJournal, 'get'>;
  readonly keeper: Pick<KeyKeeper, 'keep' | 'ready'>;
  /** The own storage nodes. */
  readonly nodes: ReadonlyMap<StorageNodeId, BlockStore>;
};

const dayMs = 24 * 60 * 60 * 1000;

/**
 * Looks after the blocks of this organization's versions: asks for samples of them on a schedule, repairs what is lost before fewer
 * than k + 1 fragments remain, moves them off storage nodes that drain, and clears the own storage nodes of orphans.
 */
export class Custodian implements AsyncDisposable {
  readonly #powers: CustodianPowers;
  readonly #versions: OwnVersions;
  readonly #care: Care;
  readonly #asked = new AskedRepairs();
  readonly #stopping = new AbortController();
  readonly #alone = new OneAtATime(this.#stopping.signal);
  readonly #rounds: Rounds;

  constructor(powers: CustodianPowers) {
    this.#powers = powers;
    this.#versions = new OwnVersions(powers);
    this.#care = new Care(powers, this.#versions);
    this.#rounds = new Rounds({
      ...powers,
      versions: this.#versions,
      care: this.#care,
      alone: this.#alone,
      active: () => this.#active(),
      storageOf: (version) => this.storageOf(version),
      collect: (signal) => this.#collect(signal),
      chance: this.#chance,
    });
  }

  start(): void {
    this.#rounds.start();
  }

  /** The slots of a version that lie elsewhere than its manifest says, as whoever reads it must know; nothing where all lie there. */
  whereNow(manifest: Pick<StorageManifest, 'version' | 'slots'>): readonly CurrentSlot[] | undefined {
    const moved = this.#powers.store.moved(manifest.version as VersionId);
    return moved.size === 0 ? undefined : currentSlots(manifest, moved);
  }

  /** Published versions of whoever is still there that have blocks on an own storage node. */
  heldOn(storageNode: StorageNodeId): readonly VersionId[] {
    const { index, readModel } = this.#powers;
    return index.versionsOn(storageNode).filter((version) => {
      const owner = readModel.get('version', version)?.record.owner;
      return owner !== undefined && !hasLeft(readModel, owner);
    });
  }

  /** How a version of ours is stored. What was never audited is taken for as it was acknowledged. */
  storageOf(version: VersionId): VersionStorage {
    const known = this.#versions.known(version);
    return versionStorage(version, known, {
      observed: this.#versions.observations(version, known.slots),
      moved: this.#powers.store.moved(version),
      patience: this.#care.patience(),
      stuck: this.#care.plan(version, this.#active()).stuck,
      sharing: this.#care.barred(version),
    });
  }

  /** Versions of ours with fragments on a storage node that is being left and that no other one can take. */
  stuckOn(storageNode: StorageNodeId): readonly VersionId[] {
    const active = this.#active();
    return this.#versions.list().filter((version) => {
      const held = this.#versions.known(version).slots.some((one) => one.storageNode === storageNode);
      return held && this.#care.plan(version, active).stuck.some((sentence) => sentence.includes(storageNode));
    });
  }

  /** Audits a version now, with a day's sample of each of its slots, and puts what was found on the ledger. */
  audit(version: VersionId, recorder?: Recorder, signal: AbortSignal = this.#stopping.signal): Promise<Cared> {
    return this.#alone.run(version, async () => {
      const { blocks, slots } = this.#versions.known(version);
      const auditable = { version, perSlot: blocks.perSlot, slots };
      const picks = planAudit([auditable], { intervalMs: dayMs, random: this.#chance }).get(version) ?? new Map();
      const until = AbortSignal.any([signal, this.#stopping.signal]);
      return { records: [await this.#care.audit(version, picks, until, recorder)], stuck: [] };
    });
  }

  /** Audits a version now and begins to repair what is wrong with it, as far as there are fragments and room. Refusals as of `storageOf`. */
  repair(version: VersionId, recorder?: Recorder): AskedRepair {
    this.#versions.known(version);
    const repair = async (hear: HearPut): Promise<Cared> => {
      const { records } = await this.audit(version, recorder);
      const { signal } = this.#stopping;
      const repaired = await this.#alone.run(version, () => this.#care.repair(version, signal, { recorder, hear }));
      return { records: [...records, ...repaired.records], stuck: repaired.stuck };
    };
    return this.#asked.begin(version, repair);
  }

  /** The repair that was last asked for, while this gateway has run; nothing where none was. Refusals as of `storageOf`. */
  repairOf(version: VersionId): AskedRepair | undefined {
    this.#versions.known(version);
    return this.#asked.of(version);
  }

  /** The blocks of a version and where they lie, while no audit or repair of it runs. Refusals as of `storageOf`. */
  alone(version: VersionId, act: (known: KnownVersion) => Promise<void>): Promise<void> {
    return this.#alone.run(version, () => act(this.#versions.known(version)));
  }

  /**
   * Ends the care of a version: `act` destroys what is needed for it while no audit or repair of it runs, gets its blocks and where they lie, and
   * nothing where its keys are not kept. What custody knows of the version is forgotten then.
   */
  async end(version: VersionId, act: (known: KnownVersion | undefined) => void): Promise<void> {
    await this.#alone.run(version, async () => {
      act(this.#versions.kept(version));
      this.#powers.store.forget(version);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort(new Error('the gateway stops'));
    await this.#rounds[Symbol.asyncDispose]();
    await this.#alone.idle();
  }

  /** Clears the own storage nodes of what belongs to nothing. */
  async #collect(signal: AbortSignal): Promise<void> {
    const { config, clock, log } = this.#powers;
    const own = (version: VersionId) => this.#versions.belonging(version);
    const alone: OrphanPowers['alone'] = (version, act) => this.#alone.run(version, act);
    const orphans = {
      ...this.#powers,
      own,
      alone,
      nowMs: () => clock.now().getTime(),
      horizonMs: config.orphanHorizonMs,
    };
    const removed = await collectOrphans(orphans, signal);
    if (removed > 0) log.info({ removed }, 'orphaned blocks were removed');
  }

  #active(): ReadonlySet<StorageNodeId> {
    const { readModel, organization } = this.#powers;
    return new Set(nodesFor(readModel, organization).flatMap(({ id, state }) => (state === 'active' ? [id] : [])));
  }

  readonly #chance = (): number => Buffer.from(this.#powers.random(6)).readUIntBE(0, 6) / 2 ** 48;
}
