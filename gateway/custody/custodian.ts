import { setTimeout as wait } from 'node:timers/promises';
import {
  type AuditedNode,
  type AuditId,
  type AuditRecord,
  canonicalBytes,
  checkNotErased,
  idFrom,
  type MspId,
  Refusal,
  type RequestStamp,
  type StorageNodeId,
  sha256,
  type VersionId,
} from '@d-cloud/chaincode/domain';
import { Fault } from '@d-cloud/network/ledger';
import type { BlockStore } from '@d-cloud/network/store';
import { parseManifest, SealThreads, type StorageManifest } from '@d-cloud/pipelines/seal';
import type { Logger } from 'pino';
import type { GatewayConfig } from '../config.ts';
import type { KeyKeeper } from '../keys/key-keeper.ts';
import type { KeyStore } from '../keys/key-store.ts';
import type { GatewayLedger } from '../ledger.ts';
import type { BlockIndex } from '../peer/block-index.ts';
import { listAll } from '../peer/list-all.ts';
import type { StorageWay } from '../peer/storage-ways.ts';
import type { ReadModel } from '../projection/index.ts';
import type { Failpoint } from '../publish/failpoint.ts';
import type { UploadJournal } from '../publish/upload-journal.ts';
import type { Clock } from '../services.ts';
import { auditVersion } from './audit-version.ts';
import { collectOrphans } from './collect-orphans.ts';
import type { CustodyStore } from './custody-store.ts';
import { DirectBlocks } from './direct-blocks.ts';
import { type Picks, planAudit } from './plan-audit.ts';
import { planRepair } from './plan-repair.ts';
import { type Reconstruction, reconstruction } from './reconstruction.ts';
import { type Repaired, repairVersion } from './repair-version.ts';
import { type CurrentSlot, currentSlots, VersionBlocks } from './version-blocks.ts';
import { type Observation, type Patience, type StorageState, versionHealth } from './version-health.ts';

export type CustodianPowers = {
  readonly organization: MspId;
  readonly config: GatewayConfig['custody'];
  readonly quotaBytes: number;
  readonly ledger: Pick<GatewayLedger, 'submit' | 'evaluate'>;
  readonly readModel: Pick<ReadModel, 'get' | 'list' | 'events' | 'head'>;
  readonly keys: Pick<KeyStore, 'version'>;
  readonly keeper: Pick<KeyKeeper, 'keep'>;
  readonly store: CustodyStore;
  readonly index: BlockIndex;
  readonly journal: Pick<UploadJournal, 'get'>;
  /** The own storage nodes. */
  readonly nodes: ReadonlyMap<StorageNodeId, BlockStore>;
  readonly ways: () => ReadonlyMap<StorageNodeId, StorageWay>;
  readonly alive: () => Promise<ReadonlySet<StorageNodeId>>;
  readonly random: (sizeBytes: number) => Uint8Array;
  readonly keyedHash: (...parts: readonly string[]) => Uint8Array;
  readonly clock: Clock;
  readonly failpoint: Failpoint;
  readonly log: Logger;
};

/** How a version is stored, from what its owner last found. */
export type VersionStorage = {
  readonly version: VersionId;
  readonly state: StorageState;
  readonly k: number;
  readonly n: number;
  /** Fragments to be had of the stripe that has the fewest. */
  readonly intact: number;
  /** Blocks that each slot has. */
  readonly blocksPerFragment: number;
  readonly fragments: readonly (CurrentSlot & { readonly moved: boolean; readonly found?: Observation })[];
  readonly reconstruction: Reconstruction;
};

/** Under which id and stamp an audit or repair goes on the ledger: a request's, so that the same request is recorded once. */
export type Recording = { readonly id: AuditId; readonly stamp: RequestStamp };
export type Recorder = (kind: AuditRecord['kind']) => Recording;

export type Cared = { readonly records: readonly AuditRecord[]; readonly stuck: readonly string[] };

const dayMs = 24 * 60 * 60 * 1000;
const once = { tries: 1, firstPauseMs: 0, random: () => 0 };

/**
 * Looks after the blocks of this organization's versions: asks for samples of them on a schedule, repairs what is lost before fewer
 * than k + 1 fragments remain, moves them off storage nodes that drain, and clears the own storage nodes of orphans.
 */
export class Custodian implements AsyncDisposable {
  readonly #powers: CustodianPowers;
  readonly #stopping = new AbortController();
  /** One task at a time per version, so that two repairs never work against each other. */
  readonly #busy = new Map<VersionId, Promise<unknown>>();
  #running: Promise<unknown> = Promise.resolve();
  #wake = Promise.withResolvers<void>();

  constructor(powers: CustodianPowers) {
    this.#powers = powers;
  }

  start(): void {
    this.#running = Promise.all([this.#follow(), this.#keepRounds()]);
  }

  /** The slots of a version that lie elsewhere than its manifest says, as whoever reads it must know; nothing where all lie there. */
  whereNow(manifest: Pick<StorageManifest, 'version' | 'slots'>): readonly CurrentSlot[] | undefined {
    const moved = this.#powers.store.moved(manifest.version as VersionId);
    return moved.size === 0 ? undefined : currentSlots(manifest, moved);
  }

  /** Published versions, anyone's, that have blocks on an own storage node. */
  heldOn(storageNode: StorageNodeId): readonly VersionId[] {
    const { index, readModel } = this.#powers;
    return index.versionsOn(storageNode).filter((version) => readModel.get('version', version) !== undefined);
  }

  /** How a version of ours is stored. What was never audited is taken for as it was acknowledged. */
  storageOf(version: VersionId): VersionStorage {
    const { blocks, slots } = this.#known(version);
    const { manifest, perSlot } = blocks;
    const observed = this.#observations(version, slots);
    const moved = this.#powers.store.moved(version);
    const found = new Map(observed.map((one) => [one.slot, one]));
    const { k, n } = manifest;
    return {
      version,
      ...versionHealth({ k, n }, observed, this.#patience()),
      k,
      n,
      blocksPerFragment: perSlot,
      fragments: slots.map((place) => {
        const seen = found.get(place.slot);
        return { ...place, moved: moved.has(place.slot), ...(seen === undefined ? {} : { found: seen }) };
      }),
      reconstruction: reconstruction(k, slots),
    };
  }

  /** Audits a version now, with a day's sample of each of its slots, and puts what was found on the ledger. */
  audit(version: VersionId, recorder?: Recorder, signal: AbortSignal = this.#stopping.signal): Promise<Cared> {
    return this.#alone(version, async () => {
      const { blocks, slots } = this.#known(version);
      const auditable = { version, perSlot: blocks.perSlot, slots };
      const picks = planAudit([auditable], { intervalMs: dayMs, random: this.#chance }).get(version) ?? new Map();
      return { records: [await this.#audit(version, picks, this.#until(signal), recorder)], stuck: [] };
    });
  }

  /** Audits a version now and repairs what is wrong with it, as far as there are fragments and room. */
  async repair(version: VersionId, recorder?: Recorder, signal: AbortSignal = this.#stopping.signal): Promise<Cared> {
    const { records } = await this.audit(version, recorder, signal);
    const repaired = await this.#alone(version, () => this.#repair(version, this.#until(signal), recorder));
    return { records: [...records, ...repaired.records], stuck: repaired.stuck };
  }

  /**
   * Ends the care of a version: `act` destroys what is needed for it while no audit or repair of it runs, gets its blocks and where they lie, and
   * nothing where its keys are not kept. What custody knows of the version is forgotten then.
   */
  async end(
    version: VersionId,
    act: (known: { readonly blocks: VersionBlocks; readonly slots: readonly CurrentSlot[] } | undefined) => void,
  ): Promise<void> {
    const { keys, store } = this.#powers;
    await this.#alone(version, async () => {
      const kept = keys.version(version);
      const blocks = kept && new VersionBlocks(parseManifest(kept.manifest));
      act(blocks && { blocks, slots: currentSlots(blocks.manifest, store.moved(version)) });
      store.forget(version);
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
    while (!signal.aborted) {
      await this.#each('settling', () => this.#settle());
      if (this.#nowMs() >= due) {
        await this.#each('auditing', () => this.#round(auditIntervalMs));
        await this.#each('collecting orphans', () => this.collect(signal));
        due = this.#nowMs() + auditIntervalMs;
      }
      const nap = AbortSignal.any([signal, AbortSignal.timeout(Math.max(1, due - this.#nowMs()))]);
      await Promise.race([
        this.#wake.promise,
        wait(2 ** 31 - 1, undefined, { signal: nap, ref: false }).catch(() => {}),
      ]);
      this.#wake = Promise.withResolvers();
    }
  }

  /** Moves versions off storage nodes that drain or have left. */
  async #settle(): Promise<void> {
    const states = new Map(listAll(this.#powers.readModel, 'storage-node').map(({ id, state }) => [id, state]));
    for (const version of this.#versions()) {
      const { slots } = this.#known(version);
      if (slots.every(({ storageNode }) => states.get(storageNode) === 'active')) continue;
      await this.#each('moving', () => this.#alone(version, () => this.#repair(version, this.#stopping.signal)));
    }
  }

  /** One scheduled audit of everything, and the repair of what it shows. */
  async #round(intervalMs: number): Promise<void> {
    const auditable = this.#versions().map((version) => {
      const { blocks, slots } = this.#known(version);
      return { version, perSlot: blocks.perSlot, slots };
    });
    for (const [version, picks] of planAudit(auditable, { intervalMs, random: this.#chance })) {
      if (this.#stopping.signal.aborted) return;
      await this.#each('auditing', () =>
        this.#alone(version, async () => {
          await this.#audit(version, picks, this.#stopping.signal);
          if (this.storageOf(version).state !== 'stored') await this.#repair(version, this.#stopping.signal);
        }),
      );
    }
  }

  /** Clears the own storage nodes of what belongs to nothing; gives how many blocks were removed. */
  async collect(signal: AbortSignal): Promise<number> {
    const { store, nodes, config, log } = this.#powers;
    const own = (version: VersionId) =>
      this.#powers.keys.version(version) === undefined || this.#isErased(version) ? undefined : this.#known(version);
    const orphans = {
      ...this.#powers,
      store,
      nodes,
      own,
      nowMs: () => this.#nowMs(),
      horizonMs: config.orphanHorizonMs,
    };
    const removed = await collectOrphans(orphans, signal);
    if (removed > 0) log.info({ removed }, 'orphaned blocks were removed');
    return removed;
  }

  async #audit(version: VersionId, picks: Picks, signal: AbortSignal, recorder = this.#recorder): Promise<AuditRecord> {
    const { blocks, slots } = this.#known(version);
    const { config, store } = this.#powers;
    await using direct = this.#direct(version, config.probeDeadlineMs, once);
    const powers = { store, blocks: direct, nowMs: () => this.#nowMs() };
    const nodes = await auditVersion(powers, blocks, slots, picks, { signal });
    return this.#record('audit', version, nodes, recorder);
  }

  async #repair(version: VersionId, signal: AbortSignal, recorder = this.#recorder): Promise<Cared> {
    const { blocks, slots } = this.#known(version);
    const { readModel, keys, config, store, failpoint, log } = this.#powers;
    const { k, n } = blocks.manifest;
    const plan = planRepair({ k, n, seed: version }, slots, this.#observations(version, slots), {
      ...this.#patience(),
      nodes: listAll(readModel, 'storage-node'),
      alive: await this.#powers.alive(),
    });
    let repaired: Repaired = { nodes: [], moved: [], stuck: plan.stuck };
    if (plan.moves.length + plan.inPlace.length > 0) {
      await using direct = this.#direct(version, config.probeDeadlineMs * 3);
      await using threads = new SealThreads(1);
      const isKept = () => keys.version(version) !== undefined && !this.#isErased(version);
      const powers = { store, blocks: direct, threads, nowMs: () => this.#nowMs(), failpoint, isKept };
      repaired = await repairVersion(powers, blocks, slots, plan, signal);
    }
    const { nodes, moved, stuck } = repaired;
    for (const sentence of stuck) log.warn({ version }, sentence);
    for (const { slot, storageNode } of moved) log.info({ version, slot, storageNode }, 'fragments were moved');
    if (moved.length > 0) await this.#powers.keeper.keep(version, signal);
    return { records: nodes.length === 0 ? [] : [await this.#record('repair', version, nodes, recorder)], stuck };
  }

  async #record(
    kind: AuditRecord['kind'],
    version: VersionId,
    nodes: readonly AuditedNode[],
    recorder: Recorder,
  ): Promise<AuditRecord> {
    const { id, stamp } = recorder(kind);
    return (await this.#powers.ledger.submit('audit:record', { id, version, kind, nodes }, stamp)).result;
  }

  /** Rounds of the gateway's own have ids and stamps of their own. */
  readonly #recorder: Recorder = () => {
    const id = idFrom('audt', this.#powers.random(16));
    const key = Buffer.from(this.#powers.keyedHash('custody', id)).toString('hex');
    const person = Buffer.from(this.#powers.keyedHash('person', 'gateway')).toString('hex');
    return { id, stamp: { key, person, digest: sha256(canonicalBytes(id)) } };
  };

  /** Blocks and places of a version of ours. Refusal VERSION_NOT_FOUND or CALLER_NOT_OWNER, Fault where its keys are lost. */
  #known(version: VersionId): { readonly blocks: VersionBlocks; readonly slots: readonly CurrentSlot[] } {
    const { readModel, organization, keys, store } = this.#powers;
    const record = readModel.get('version', version)?.record;
    if (record === undefined) throw new Refusal('VERSION_NOT_FOUND', `there is no version ${version}`);
    if (record.owner !== organization)
      throw new Refusal('CALLER_NOT_OWNER', `only its owner ${record.owner} knows where ${version} lies`);
    checkNotErased(record);
    const kept = keys.version(version);
    if (kept === undefined) throw new Fault('corrupt', `The keys of ${version} are not in this gateway's key store.`);
    const blocks = new VersionBlocks(parseManifest(kept.manifest));
    return { blocks, slots: currentSlots(blocks.manifest, store.moved(version)) };
  }

  #isErased(version: VersionId): boolean {
    return this.#powers.readModel.get('version', version)?.record.erasure !== undefined;
  }

  #versions(): readonly VersionId[] {
    const { readModel, organization, keys } = this.#powers;
    return listAll(readModel, 'version', { owner: organization })
      .filter(({ id, erasure }) => erasure === undefined && keys.version(id) !== undefined)
      .map(({ id }) => id);
  }

  /** What was observed of the slots where they lie now. */
  #observations(version: VersionId, slots: readonly CurrentSlot[]): readonly Observation[] {
    return this.#powers.store
      .observed(version)
      .filter(({ slot, storageNode }) => slots[slot]?.storageNode === storageNode);
  }

  #direct(version: VersionId, deadlineMs: number, patience?: typeof once): DirectBlocks {
    const { ways, organization, index, quotaBytes } = this.#powers;
    const waiting = { deadlineMs, ...(patience === undefined ? {} : { patience }) };
    return new DirectBlocks({ ways: ways(), version, organization, index, quotaBytes, ...waiting });
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

  #until(signal: AbortSignal): AbortSignal {
    return AbortSignal.any([signal, this.#stopping.signal]);
  }

  #patience(): Patience {
    return { nowMs: this.#nowMs(), graceMs: this.#powers.config.offlineGraceMs };
  }

  #nowMs(): number {
    return this.#powers.clock.now().getTime();
  }

  readonly #chance = (): number => Buffer.from(this.#powers.random(6)).readUIntBE(0, 6) / 2 ** 48;
}
