import { setTimeout as wait } from 'node:timers/promises';
import type { StorageNodeId, VersionId } from '@d-cloud/chaincode/domain';
import type { BlockStore } from '@d-cloud/network/store';
import type { StorageManifest } from '@d-cloud/pipelines/seal';
import type { GatewayLedger } from '../ledger.ts';
import type { ReadModel } from '../projection/index.ts';
import type { UploadJournal } from '../publish/upload-journal.ts';
import { type AskedRepair, AskedRepairs } from './asked-repairs.ts';
import { Care, type Cared, type CarePowers, type HearPut, type Recorder } from './care.ts';
import { collectOrphans, hasLeft } from './collect-orphans.ts';
import { nodesFor } from './nodes-for.ts';
import { type KnownVersion, OwnVersions } from './own-versions.ts';
import { planAudit } from './plan-audit.ts';
import { type CurrentSlot, currentSlots } from './version-blocks.ts';
import { type VersionStorage, versionStorage } from './version-storage.ts';

export type CustodianPowers = CarePowers & {
  readonly ledger: Pick<GatewayLedger, 'submit' | 'evaluate'>;
  readonly readModel: Pick<ReadModel, 'get' | 'list' | 'events' | 'head'>;
  readonly journal: Pick<UploadJournal, 'get'>;
  /** The own storage nodes. */
  readonly nodes: ReadonlyMap<StorageNodeId, BlockStore>;
};

const dayMs = 24 * 60 * 60 * 1000;
/** Between two looks at versions that could not be moved: whoever was away for a moment is asked again soon. */
const settlePauseMs = { first: 4_000, longest: 600_000 };

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
  /** One task at a time per version, so that two repairs never work against each other. */
  readonly #busy = new Map<VersionId, Promise<unknown>>();
  #running: Promise<unknown> = Promise.resolve();
  #wake = Promise.withResolvers<void>();

  constructor(powers: CustodianPowers) {
    this.#powers = powers;
    this.#versions = new OwnVersions(powers);
    this.#care = new Care(powers, this.#versions);
  }

  start(): void {
    this.#running = Promise.all([this.#follow(), this.#keepRounds()]);
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
    return this.#alone(version, async () => {
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
      const repaired = await this.#alone(version, () => this.#care.repair(version, signal, { recorder, hear }));
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
    return this.#alone(version, () => act(this.#versions.known(version)));
  }

  /**
   * Ends the care of a version: `act` destroys what is needed for it while no audit or repair of it runs, gets its blocks and where they lie, and
   * nothing where its keys are not kept. What custody knows of the version is forgotten then.
   */
  async end(version: VersionId, act: (known: KnownVersion | undefined) => void): Promise<void> {
    await this.#alone(version, async () => {
      act(this.#versions.kept(version));
      this.#powers.store.forget(version);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort(new Error('the gateway stops'));
    this.#wake.resolve();
    await this.#running;
    await Promise.allSettled(this.#busy.values());
  }

  /** Storage nodes that begin to drain, leave or come are a reason to look at once. */
  async #follow(): Promise<void> {
    const { readModel } = this.#powers;
    const { signal } = this.#stopping;
    try {
      for await (const { event } of readModel.events({ after: readModel.head, signal }))
        if (event.kind.startsWith('storage-node.') || event.kind === 'organization.left') this.#wake.resolve();
    } catch (error) {
      if (!signal.aborted) this.#powers.log.error({ err: error }, 'custody no longer follows the ledger');
    }
  }

  async #keepRounds(): Promise<void> {
    const { auditIntervalMs } = this.#powers.config;
    const { signal } = this.#stopping;
    let due = this.#nowMs() + auditIntervalMs;
    let settlePause = settlePauseMs.first;
    while (!signal.aborted) {
      let isSettled = false;
      await this.#each('settling', async () => {
        isSettled = await this.#settle();
      });
      if (this.#nowMs() >= due) {
        await this.#each('auditing', () => this.#round(auditIntervalMs));
        await this.#each('collecting orphans', () => this.collect(signal));
        due = this.#nowMs() + auditIntervalMs;
      }
      const untilDue = Math.max(1, due - this.#nowMs());
      const nap = AbortSignal.any([
        signal,
        AbortSignal.timeout(isSettled ? untilDue : Math.min(settlePause, untilDue)),
      ]);
      const isWoken = await Promise.race([
        this.#wake.promise.then(() => true),
        wait(2 ** 31 - 1, undefined, { signal: nap, ref: false }).catch(() => false),
      ]);
      settlePause = isWoken || isSettled ? settlePauseMs.first : Math.min(settlePause * 2, settlePauseMs.longest);
      this.#wake = Promise.withResolvers();
    }
  }

  /**
   * Moves versions off storage nodes that drain, have left or were expelled, clears places that they were moved away from before, and makes worthless
   * the shares that barred storage nodes may keep. Gives whether nothing is left to do.
   */
  async #settle(): Promise<boolean> {
    const active = this.#active();
    const isSettled = (version: VersionId) =>
      this.#versions.known(version).slots.every(({ storageNode }) => active.has(storageNode)) &&
      this.#powers.store.vacated(version).length === 0;
    const moving = this.#versions.list().filter((version) => !isSettled(version));
    for (const version of moving)
      await this.#each('moving', () => this.#alone(version, () => this.#care.repair(version, this.#stopping.signal)));
    const sharing = this.#versions.list().filter((version) => this.#care.barred(version).size > 0);
    for (const version of sharing)
      await this.#each('sharing S anew', () =>
        this.#alone(version, () => this.#care.reshare(version, this.#stopping.signal)),
      );
    return (
      moving.every((version) => !this.#versions.isKept(version) || isSettled(version)) &&
      sharing.every((version) => !this.#versions.isKept(version) || this.#care.barred(version).size === 0)
    );
  }

  /** One scheduled audit of everything, and the repair of what it shows. */
  async #round(intervalMs: number): Promise<void> {
    const { signal } = this.#stopping;
    const auditable = this.#versions.list().map((version) => {
      const { blocks, slots } = this.#versions.known(version);
      return { version, perSlot: blocks.perSlot, slots };
    });
    for (const [version, picks] of planAudit(auditable, { intervalMs, random: this.#chance })) {
      if (signal.aborted) return;
      await this.#each('auditing', () =>
        this.#alone(version, async () => {
          await this.#care.audit(version, picks, signal);
          const isStored = this.storageOf(version).state === 'stored';
          if (!isStored || this.#powers.store.vacated(version).length > 0) await this.#care.repair(version, signal);
        }),
      );
    }
  }

  /** Clears the own storage nodes of what belongs to nothing; gives how many blocks were removed. */
  async collect(signal: AbortSignal): Promise<number> {
    const { config, log } = this.#powers;
    const own = (version: VersionId) => (this.#versions.isKept(version) ? this.#versions.known(version) : undefined);
    const orphans = { ...this.#powers, own, nowMs: () => this.#nowMs(), horizonMs: config.orphanHorizonMs };
    const removed = await collectOrphans(orphans, signal);
    if (removed > 0) log.info({ removed }, 'orphaned blocks were removed');
    return removed;
  }

  #active(): ReadonlySet<StorageNodeId> {
    const { readModel, organization } = this.#powers;
    return new Set(nodesFor(readModel, organization).flatMap(({ id, state }) => (state === 'active' ? [id] : [])));
  }

  #alone<T>(version: VersionId, act: () => Promise<T>): Promise<T> {
    const before = this.#busy.get(version) ?? Promise.resolve();
    const begun = before
      .catch(() => {})
      .then(() => {
        this.#stopping.signal.throwIfAborted();
        return act();
      });
    this.#busy.set(version, begun);
    const done = () => this.#busy.get(version) === begun && this.#busy.delete(version);
    begun.then(done, done);
    return begun;
  }

  /** A part of a round that fails is told of and tried again in the next. */
  async #each(what: string, act: () => Promise<unknown>): Promise<void> {
    try {
      await act();
    } catch (error) {
      if (!this.#stopping.signal.aborted) this.#powers.log.warn({ err: error }, `${what} failed and is tried again`);
    }
  }

  #nowMs(): number {
    return this.#powers.clock.now().getTime();
  }

  readonly #chance = (): number => Buffer.from(this.#powers.random(6)).readUIntBE(0, 6) / 2 ** 48;
}
