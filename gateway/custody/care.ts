import {
  type AuditedNode,
  type AuditId,
  type AuditRecord,
  idFrom,
  type MspId,
  type RequestStamp,
  type StorageNodeId,
  type VersionId,
} from '@d-cloud/chaincode/domain';
import { SealThreads } from '@d-cloud/pipelines/seal';
import type { Logger } from 'pino';
import { gatewayStamp } from '../background/gateway-stamp.ts';
import type { GatewayConfig } from '../config.ts';
import type { KeyKeeper } from '../keys/key-keeper.ts';
import type { KeyStore } from '../keys/key-store.ts';
import type { SharedSecrets } from '../keys/shared-secrets.ts';
import type { GatewayLedger } from '../ledger.ts';
import type { BlockIndex } from '../peer/block-index.ts';
import type { StorageWay } from '../peer/storage-ways.ts';
import type { ReadModel } from '../projection/index.ts';
import type { Failpoint } from '../publish/failpoint.ts';
import type { Clock } from '../services.ts';
import { auditVersion } from './audit-version.ts';
import { clearPlaces } from './clear-places.ts';
import type { CustodyStore } from './custody-store.ts';
import { DirectBlocks } from './direct-blocks.ts';
import { barredNodes, nodesFor } from './nodes-for.ts';
import type { OwnVersions } from './own-versions.ts';
import type { Picks } from './plan-audit.ts';
import { planRepair, type RepairPlan } from './plan-repair.ts';
import { type Repaired, repairVersion } from './repair-version.ts';
import { reshareVersion } from './reshare-version.ts';
import type { Patience } from './version-health.ts';

export type CarePowers = {
  readonly organization: MspId;
  readonly config: GatewayConfig['custody'];
  readonly quotaBytes: number;
  readonly ledger: Pick<GatewayLedger, 'submit'>;
  readonly readModel: Pick<ReadModel, 'get' | 'list'>;
  readonly keys: Pick<KeyStore, 'version' | 'next' | 'putShares'>;
  readonly secrets: Pick<SharedSecrets, 'lend'>;
  readonly keeper: Pick<KeyKeeper, 'keep'>;
  readonly store: CustodyStore;
  readonly index: BlockIndex;
  readonly ways: () => ReadonlyMap<StorageNodeId, StorageWay>;
  /** Resolves when other organizations can be told from strangers. */
  readonly trusted: (signal: AbortSignal) => Promise<void>;
  readonly alive: () => Promise<ReadonlySet<StorageNodeId>>;
  readonly random: (sizeBytes: number) => Uint8Array;
  readonly keyedHash: (...parts: readonly string[]) => Uint8Array;
  readonly clock: Clock;
  readonly failpoint: Failpoint;
  readonly log: Logger;
};

/** Under which id and stamp an audit or repair goes on the ledger: a request's, so that the same request is recorded once. */
export type Recording = { readonly id: AuditId; readonly stamp: RequestStamp };
export type Recorder = (kind: AuditRecord['kind']) => Recording;

export type Cared = { readonly records: readonly AuditRecord[]; readonly stuck: readonly string[] };

/** Hears how many blocks a repair has put, of how many. */
export type HearPut = (put: number, toPut: number) => void;

const once = { tries: 1, firstPauseMs: 0, random: () => 0 };

/** One audit or repair of a version of ours, from the first question to the record on the ledger. The caller sees to it that they do not overlap. */
export class Care {
  readonly #powers: CarePowers;
  readonly #versions: OwnVersions;

  constructor(powers: CarePowers, versions: OwnVersions) {
    this.#powers = powers;
    this.#versions = versions;
  }

  async audit(
    version: VersionId,
    picks: Picks,
    signal: AbortSignal,
    recorder: Recorder = this.#recorder,
  ): Promise<AuditRecord> {
    await this.#powers.trusted(signal);
    const { blocks, slots } = this.#versions.known(version);
    const { config, store } = this.#powers;
    await using direct = this.#direct(version, config.probeDeadlineMs, once);
    const powers = { store, blocks: direct, nowMs: this.#nowMs };
    const nodes = await auditVersion(powers, blocks, slots, picks, { signal });
    return this.#record('audit', version, nodes, recorder);
  }

  async repair(
    version: VersionId,
    signal: AbortSignal,
    { recorder = this.#recorder, hear = () => {} }: { recorder?: Recorder | undefined; hear?: HearPut } = {},
  ): Promise<Cared> {
    await this.#powers.trusted(signal);
    const { blocks, slots } = this.#versions.known(version);
    const { config, store, failpoint, keeper, log } = this.#powers;
    const plan = this.plan(version, await this.#powers.alive());
    const toPut =
      plan.moves.length * blocks.perSlot + plan.inPlace.reduce((sum, { ordinals }) => sum + ordinals.length, 0);
    this.#forgetLeft(version);
    let put = 0;
    hear(put, toPut);
    let repaired: Repaired = { nodes: [], moved: [], stuck: plan.stuck };
    if (toPut > 0) {
      await using direct = this.#direct(version, config.probeDeadlineMs * 3);
      await using threads = new SealThreads(1);
      const isKept = () => this.#versions.isKept(version);
      const onPut = () => hear(++put, toPut);
      const powers = { store, blocks: direct, threads, nowMs: this.#nowMs, failpoint, isKept, onPut };
      repaired = await repairVersion(powers, blocks, slots, plan, signal);
    } else if (store.vacated(version).length > 0) {
      await using direct = this.#direct(version, config.probeDeadlineMs * 3, once);
      await clearPlaces({ store, blocks: direct }, blocks, signal);
    }
    const { nodes, moved, stuck } = repaired;
    for (const sentence of stuck) log.warn({ version }, sentence);
    for (const { slot, storageNode } of moved) log.info({ version, slot, storageNode }, 'fragments were moved');
    if (moved.length > 0) await keeper.keep(version, signal);
    return { records: nodes.length === 0 ? [] : [await this.#record('repair', version, nodes, recorder)], stuck };
  }

  /** Storage nodes that are barred and may have a share of the version's S which still combines. */
  barred(version: VersionId): ReadonlySet<StorageNodeId> {
    const { store, readModel, organization } = this.#powers;
    const { blocks, slots } = this.#versions.known(version);
    const holders = [...blocks.manifest.slots, ...slots].map(({ storageNode }) => storageNode as StorageNodeId);
    const held = new Set([...holders, ...store.held(version)]);
    return barredNodes(readModel, organization).intersection(held).difference(store.barred(version));
  }

  /** Shares the version's S anew where a barred storage node may have a share of it. */
  async reshare(version: VersionId, signal: AbortSignal): Promise<void> {
    const barred = this.barred(version);
    if (barred.size === 0) return;
    const { blocks, slots } = this.#versions.known(version);
    await using direct = this.#direct(version, this.#powers.config.probeDeadlineMs * 3);
    const hasLeft = (node: StorageNodeId) => this.#powers.readModel.get('storage-node', node)?.record.state === 'left';
    await reshareVersion({ ...this.#powers, hasLeft, blocks: direct }, blocks, slots, barred, signal);
    this.#powers.log.info({ version, barred: [...barred] }, 'S was shared anew');
  }

  /** What a repair would do, if those storage nodes answered. */
  plan(version: VersionId, alive: ReadonlySet<StorageNodeId>): RepairPlan {
    const { blocks, slots } = this.#versions.known(version);
    const { k, n } = blocks.manifest;
    return planRepair({ k, n, seed: version }, slots, this.#versions.observations(version, slots), {
      ...this.patience(),
      nodes: nodesFor(this.#powers.readModel, this.#powers.organization),
      alive,
    });
  }

  patience(): Patience {
    return { nowMs: this.#nowMs(), graceMs: this.#powers.config.offlineGraceMs };
  }

  /** A storage node that left took its blocks with it. */
  #forgetLeft(version: VersionId): void {
    const { store, readModel, organization } = this.#powers;
    const left = new Set(nodesFor(readModel, organization).flatMap(({ id, state }) => (state === 'left' ? [id] : [])));
    for (const { slot, storageNode } of store.vacated(version))
      if (left.has(storageNode)) store.cleared(version, slot, storageNode);
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
    return { id, stamp: gatewayStamp(this.#powers.keyedHash, 'custody', id, id) };
  };

  #direct(version: VersionId, deadlineMs: number, patience?: typeof once): DirectBlocks {
    const { ways, organization, index, quotaBytes } = this.#powers;
    const waiting = { deadlineMs, ...(patience === undefined ? {} : { patience }) };
    return new DirectBlocks({ ways: ways(), version, organization, index, quotaBytes, ...waiting });
  }

  readonly #nowMs = (): number => this.#powers.clock.now().getTime();
}
