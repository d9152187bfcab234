import type { AuditedNode, StorageNodeId } from '@d-cloud/chaincode/domain';
import { Fault } from '@d-cloud/network/ledger';
import { StoreRefusal } from '@d-cloud/network/store';
import {
  blockDigest,
  decodeShare,
  encodeShare,
  interpolateShare,
  repairFragments,
  SealFault,
  type SealThreads,
  type Share,
} from '@d-cloud/pipelines/seal';
import { PeerProblem } from '../peer/peer-problem.ts';
import type { Failpoint } from '../publish/failpoint.ts';
import { clearPlaces } from './clear-places.ts';
import type { CustodyStore } from './custody-store.ts';
import type { DirectBlocks } from './direct-blocks.ts';
import type { RepairPlan } from './plan-repair.ts';
import type { CurrentSlot, VersionBlocks } from './version-blocks.ts';
import type { Observation } from './version-health.ts';

export type RepairPowers = {
  readonly store: CustodyStore;
  readonly blocks: Pick<DirectBlocks, 'at' | 'put' | 'remove'>;
  readonly threads: SealThreads;
  readonly nowMs: () => number;
  readonly failpoint: Failpoint;
  /** Whether the version's keys are still kept: what was erased is not brought back. */
  readonly isKept: () => boolean;
  /** Hears of every block that was put. */
  readonly onPut?: () => void;
};

export type Repaired = {
  /** Blocks put per storage node; empty when nothing was. */
  readonly nodes: readonly AuditedNode[];
  readonly moved: readonly CurrentSlot[];
  readonly stuck: readonly string[];
};

/**
 * Carries out a repair without keys: computes missing fragments from k others, puts them where they belong, read back, and moves slots.
 * A moved slot is written down only when all of its blocks are at the new place, together with the old one, and only then removed from
 * there: a crash at any line leaves every fragment findable, and the same repair again ends the work.
 */
export async function repairVersion(
  powers: RepairPowers,
  version: VersionBlocks,
  slots: readonly CurrentSlot[],
  plan: RepairPlan,
  signal: AbortSignal,
): Promise<Repaired> {
  const repair = new Repair(powers, version, slots, signal);
  for (const { from, to, copies } of plan.moves) {
    if (copies) await repair.copy(from, to);
    else repair.want(to, version.ordinals);
  }
  for (const { place, ordinals } of plan.inPlace) repair.want(place, ordinals);
  await repair.recompute();
  const moved: CurrentSlot[] = [];
  for (const { from, to } of plan.moves) {
    if (!repair.isWhole(to)) continue;
    repair.checkKept();
    powers.failpoint('repair.placed');
    powers.store.move(version.version, to, from);
    powers.failpoint('repair.moved');
    powers.store.observe(version.version, allOk(to, version.perSlot, powers.nowMs()));
    moved.push(to);
  }
  await clearPlaces(powers, version, signal);
  for (const { place } of plan.inPlace) repair.observe(place);
  return { nodes: repair.counts(), moved, stuck: [...plan.stuck, ...repair.stuck] };
}

class Repair {
  readonly stuck: string[] = [];
  readonly #powers: RepairPowers;
  readonly #version: VersionBlocks;
  readonly #slots: readonly CurrentSlot[];
  readonly #signal: AbortSignal;
  /** Places by slot, and by the number of a block the slots that want it. */
  readonly #targets = new Map<number, CurrentSlot>();
  readonly #wanted = new Map<number, number[]>();
  readonly #put = new Map<number, Set<number>>();
  readonly #failed = new Set<number>();

  constructor(powers: RepairPowers, version: VersionBlocks, slots: readonly CurrentSlot[], signal: AbortSignal) {
    this.#powers = powers;
    this.#version = version;
    this.#slots = slots;
    this.#signal = signal;
  }

  want(place: CurrentSlot, ordinals: readonly number[]): void {
    this.#targets.set(place.slot, place);
    for (const ordinal of ordinals) this.#wanted.set(ordinal, [...(this.#wanted.get(ordinal) ?? []), place.slot]);
  }

  /** Copies a slot's blocks; those that the old storage node does not give will be computed. */
  async copy(from: CurrentSlot, to: CurrentSlot): Promise<void> {
    this.#targets.set(to.slot, to);
    const lost: number[] = [];
    for (const ordinal of this.#version.ordinals) {
      const cid = this.#version.cid(from.slot, ordinal);
      const signal = this.#signal;
      const bytes = await this.#powers.blocks.at(from.storageNode).get(cid, { signal }).catch(unlessStored(signal));
      if (bytes === undefined) lost.push(ordinal);
      else if (!(await this.#place(to.slot, ordinal, bytes))) return;
    }
    this.want(to, lost);
  }

  async recompute(): Promise<void> {
    const { stripes, manifest } = this.#version;
    const together = Map.groupBy(
      [...this.#wanted].filter(([ordinal]) => ordinal < stripes.length),
      ([, slots]) => slots.toSorted((a, b) => a - b).join(),
    );
    for (const group of together.values()) {
      const lost = group[0]?.[1].toSorted((a, b) => a - b) ?? [];
      const ordinals = new Map(
        group.map(([ordinal]) => [JSON.stringify(this.#version.stripe(ordinal)), ordinal] as const),
      );
      try {
        const fragments = repairFragments(manifest, {
          lost,
          stripes: group.flatMap(([ordinal]) => this.#version.stripe(ordinal) ?? []),
          get: (slot, cid, options) => this.#get(slot, cid, options.signal),
          threads: this.#powers.threads,
          signal: this.#signal,
        });
        for await (const { segment, stripe, slot, bytes } of fragments) {
          const ordinal = ordinals.get(JSON.stringify({ segment, stripe }));
          if (ordinal !== undefined && !this.#failed.has(slot)) await this.#place(slot, ordinal, bytes);
        }
      } catch (error) {
        if (!(error instanceof SealFault)) throw error;
        this.stuck.push(`Fragments ${lost.join(', ')} cannot be computed again now: ${error.message}`);
      }
    }
    const share = this.#wanted.get(stripes.length);
    if (share !== undefined) await this.#recomputeShares(share);
  }

  /** Shares of S are values of polynomials: any k of them give the others, without S ever being put together. */
  async #recomputeShares(lost: readonly number[]): Promise<void> {
    const { stripes, manifest } = this.#version;
    const known: Share[] = [];
    for (const { slot } of this.#slots) {
      if (known.length === manifest.k || lost.includes(slot)) continue;
      const block = await this.#get(slot, this.#version.cid(slot, stripes.length), this.#signal).catch(
        unlessStored(this.#signal),
      );
      if (block !== undefined) known.push(decodeShare(block, slot, manifest));
    }
    if (known.length < manifest.k) {
      this.stuck.push(`Shares ${lost.join(', ')} cannot be computed again now: ${known.length} others are to be had.`);
      return;
    }
    for (const slot of lost) {
      const { cid, bytes } = encodeShare(interpolateShare(known, slot + 1), manifest);
      if (Buffer.compare(blockDigest(cid), blockDigest(this.#version.cid(slot, stripes.length))) !== 0)
        throw new Fault('corrupt', `The shares of ${this.#version.version} do not belong together.`);
      await this.#place(slot, stripes.length, bytes);
    }
  }

  async #get(slot: number, cid: string, signal: AbortSignal): Promise<Uint8Array> {
    const place = this.#slots[slot];
    if (place === undefined) throw new RangeError(`there is no slot ${slot}`);
    return this.#powers.blocks.at(place.storageNode).get(cid, { signal });
  }

  /** Whether it got there; a storage node that does not take a block is not offered more. */
  async #place(slot: number, ordinal: number, bytes: Uint8Array): Promise<boolean> {
    const target = this.#targets.get(slot);
    if (target === undefined) throw new RangeError(`nothing is wanted of slot ${slot}`);
    this.checkKept();
    try {
      await this.#powers.blocks.put(target.storageNode, this.#version.cid(slot, ordinal), bytes, this.#signal);
    } catch (error) {
      this.#signal.throwIfAborted();
      if (!(error instanceof Fault || error instanceof StoreRefusal || error instanceof PeerProblem)) throw error;
      this.#failed.add(slot);
      this.stuck.push(`Storage node ${target.storageNode} does not take fragment ${slot}: ${error.message}`);
      return false;
    }
    this.#put.set(slot, (this.#put.get(slot) ?? new Set()).add(ordinal));
    this.#powers.onPut?.();
    this.#powers.failpoint('repair.first-put');
    return true;
  }

  isWhole({ slot }: CurrentSlot): boolean {
    return this.#put.get(slot)?.size === this.#version.perSlot;
  }

  checkKept(): void {
    if (!this.#powers.isKept())
      throw new Fault('unavailable', `${this.#version.version} was erased meanwhile.`, { retryable: false });
  }

  /** Writes down what a slot that stays has again. */
  observe({ slot }: CurrentSlot): void {
    const put = this.#put.get(slot);
    const before = this.#powers.store.observed(this.#version.version).find((one) => one.slot === slot);
    if (put === undefined || before === undefined) return;
    const bad = new Set([...before.bad].filter((ordinal) => !put.has(ordinal)));
    const counts = {
      ...before.counts,
      ok: before.counts.ok + before.bad.size - bad.size,
      missing: bad.size,
      corrupt: 0,
    };
    this.#powers.store.observe(this.#version.version, { ...before, bad, counts, atMs: this.#powers.nowMs() });
  }

  counts(): readonly AuditedNode[] {
    return [...this.#put].map(([slot, ordinals]) => ({
      node: this.#targets.get(slot)?.storageNode as StorageNodeId,
      ...{ ok: 0, missing: 0, corrupt: 0, offline: 0, slow: 0 },
      repaired: ordinals.size,
    }));
  }
}

function allOk(place: CurrentSlot, perSlot: number, atMs: number): Observation {
  return { ...place, counts: { ok: perSlot, missing: 0, corrupt: 0, offline: 0, slow: 0 }, bad: new Set(), atMs };
}

/** A block that cannot be had is worked round; an ended repair is not. */
function unlessStored(signal: AbortSignal) {
  return (error: unknown): undefined => {
    signal.throwIfAborted();
    if (error instanceof Fault || error instanceof StoreRefusal) return undefined;
    throw error;
  };
}
