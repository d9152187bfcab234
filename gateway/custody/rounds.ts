import type { DomainEvent, StorageNodeId, VersionId } from '@d-cloud/chaincode/domain';
import { FollowUp } from '../background/follow-up.ts';
import type { KeyKeeper } from '../keys/key-keeper.ts';
import type { ReadModel } from '../projection/index.ts';
import type { Care, CarePowers } from './care.ts';
import type { OneAtATime } from './one-at-a-time.ts';
import type { OwnVersions } from './own-versions.ts';
import { planAudit } from './plan-audit.ts';
import type { VersionStorage } from './version-storage.ts';

export type RoundsPowers = Pick<CarePowers, 'config' | 'store' | 'clock' | 'log'> & {
  readonly readModel: Pick<ReadModel, 'events' | 'head'>;
  readonly keeper: Pick<KeyKeeper, 'ready'>;
  readonly versions: OwnVersions;
  readonly care: Care;
  readonly alone: OneAtATime;
  readonly active: () => ReadonlySet<StorageNodeId>;
  readonly storageOf: (version: VersionId) => VersionStorage;
  readonly collect: (signal: AbortSignal) => Promise<unknown>;
  /** From 0 to less than 1. */
  readonly chance: () => number;
};

/** Between two looks at versions that could not be moved: whoever was away for a moment is asked again soon. */
const settlePauseMs = { first: 4_000, most: 600_000 };

/** What custody does unasked: at once after storage nodes that begin to drain, leave or come, and once in each audit interval. */
export class Rounds implements AsyncDisposable {
  readonly #powers: RoundsPowers;
  readonly #followUp: FollowUp;
  #dueMs: number;
  #isReady = false;

  constructor(powers: RoundsPowers) {
    this.#powers = powers;
    this.#dueMs = this.#nowMs() + powers.config.auditIntervalMs;
    this.#followUp = new FollowUp(powers, {
      wakes: isReason,
      pass: (signal) => this.#pass(signal),
      pauseMs: settlePauseMs,
      latestMs: () => (this.#isReady ? Math.max(1, this.#dueMs - this.#nowMs()) : Number.POSITIVE_INFINITY),
    });
  }

  start(): void {
    this.#followUp.start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#followUp[Symbol.asyncDispose]();
  }

  async #pass(signal: AbortSignal): Promise<boolean> {
    // A restored key store names other blocks and places than those that count, until it has taken in what is kept. Why it has not, the rotator tells.
    try {
      await this.#powers.keeper.ready();
    } catch {
      return false;
    }
    this.#isReady = true;
    let isSettled = false;
    await this.#each('settling', async () => {
      isSettled = await this.#settle(signal);
    });
    if (this.#nowMs() >= this.#dueMs) {
      await this.#each('auditing', () => this.#round(signal));
      await this.#each('collecting orphans', () => this.#powers.collect(signal));
      this.#dueMs = this.#nowMs() + this.#powers.config.auditIntervalMs;
    }
    return isSettled;
  }

  /**
   * Moves versions off storage nodes that drain, have left or were expelled, clears places that they were moved away from before, and makes worthless
   * the shares that barred storage nodes may keep. Gives whether nothing is left to do.
   */
  async #settle(signal: AbortSignal): Promise<boolean> {
    const { versions, care, store, alone } = this.#powers;
    const active = this.#powers.active();
    const isSettled = (version: VersionId) =>
      versions.known(version).slots.every(({ storageNode }) => active.has(storageNode)) &&
      store.vacated(version).length === 0;
    const moving = versions.list().filter((version) => !isSettled(version));
    for (const version of moving)
      await this.#each('moving', () => alone.run(version, () => care.repair(version, signal)));
    const sharing = versions.list().filter((version) => care.barred(version).size > 0);
    for (const version of sharing)
      await this.#each('sharing S anew', () => alone.run(version, () => care.reshare(version, signal)));
    return (
      moving.every((version) => !versions.isKept(version) || isSettled(version)) &&
      sharing.every((version) => !versions.isKept(version) || care.barred(version).size === 0)
    );
  }

  /** One scheduled audit of everything, and the repair of what it shows. */
  async #round(signal: AbortSignal): Promise<void> {
    const { versions, care, store, alone, config, chance } = this.#powers;
    const auditable = versions.list().map((version) => {
      const { blocks, slots } = versions.known(version);
      return { version, perSlot: blocks.perSlot, slots };
    });
    for (const [version, picks] of planAudit(auditable, { intervalMs: config.auditIntervalMs, random: chance })) {
      if (signal.aborted) return;
      await this.#each('auditing', () =>
        alone.run(version, async () => {
          await care.audit(version, picks, signal);
          const isStored = this.#powers.storageOf(version).state === 'stored';
          if (!isStored || store.vacated(version).length > 0) await care.repair(version, signal);
        }),
      );
    }
  }

  /** A part of a round that fails is told of and tried again in the next. */
  async #each(what: string, act: () => Promise<unknown>): Promise<void> {
    try {
      await act();
    } catch (error) {
      if (!this.#followUp.signal.aborted) this.#powers.log.warn({ err: error }, `${what} failed and is tried again`);
    }
  }

  #nowMs(): number {
    return this.#powers.clock.now().getTime();
  }
}

function isReason({ kind }: DomainEvent): boolean {
  return kind.startsWith('storage-node.') || kind === 'organization.left';
}
