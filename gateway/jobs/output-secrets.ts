import { setTimeout as wait } from 'node:timers/promises';
import type { JobId, JobRecord, MspId, StorageNodeId } from '@d-cloud/chaincode/domain';
import { Fault } from '@d-cloud/network/ledger';
import { StorageRoutes, StoreRefusal } from '@d-cloud/network/store';
import { mintSecret } from '@d-cloud/pipelines/seal';
import type { SharedSecrets, SharesAt } from '../keys/shared-secrets.ts';
import type { BlockIndex } from '../peer/block-index.ts';
import type { StorageWay } from '../peer/storage-ways.ts';
import { blockPutter } from '../publish/put-block.ts';
import { fragmentPutter, type PutBlock } from '../publish/put-fragment.ts';
import { PutList, removePutList } from '../publish/put-list.ts';
import type { JobStore, OutputPlan } from './job-store.ts';

export type OutputSecretsPowers = {
  readonly organization: MspId;
  readonly store: JobStore;
  readonly secrets: SharedSecrets;
  readonly ways: () => ReadonlyMap<StorageNodeId, StorageWay>;
  readonly index: BlockIndex;
  readonly spool: string;
  readonly quotaBytes: number;
  readonly random: (sizeBytes: number) => Uint8Array;
  readonly signal: AbortSignal;
};

type OutputOf = Pick<JobRecord, 'id' | 'outputVersion'>;

/** How long another organization's peer may take to have the job that ours has, and between two tries. */
const longestLagMs = 8_000;
const lagPauseMs = 300;

/**
 * The S of the outputs of our jobs. Made when the job is on the ledger, for only then do storage nodes take its blocks; no key is
 * released before its shares are acknowledged and their digests kept, so that one lost in a crash before that is simply made anew.
 */
export class OutputSecrets {
  readonly #powers: OutputSecretsPowers;
  readonly #placing = new Map<JobId, Promise<Uint8Array>>();

  constructor(powers: OutputSecretsPowers) {
    this.#powers = powers;
  }

  /** The digests of the share blocks, once they are placed; nothing for a job whose output has no S. */
  async sharesOf(output: OutputOf): Promise<Uint8Array | undefined> {
    const { store } = this.#powers;
    const plan = store.plan(output.id);
    if (plan?.shared !== true) return undefined;
    const known = store.shares(output.id) ?? this.#placing.get(output.id);
    if (known !== undefined) return known;
    const placing = this.#place(output, plan).finally(() => this.#placing.delete(output.id));
    this.#placing.set(output.id, placing);
    return placing;
  }

  /** Lends the S of a running job's output with the digests of its shares; see `SharedSecrets.lend`. */
  async lend<T>(
    output: OutputOf,
    act: (s: Uint8Array | undefined, shares: Uint8Array | undefined) => T | Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    const shares = await this.sharesOf(output);
    const { placement } = this.#powers.store.plan(output.id) ?? {};
    const at: SharesAt | undefined =
      shares === undefined || placement === undefined
        ? undefined
        : {
            k: placement.k,
            n: placement.n,
            shares,
            storageNodes: placement.slots.map(({ storageNode }) => storageNode),
            right: ['job', output.id],
          };
    return this.#powers.secrets.lend(at, (s) => act(s, shares), signal);
  }

  async #place({ id, outputVersion: version }: OutputOf, { placement }: OutputPlan): Promise<Uint8Array> {
    const { organization, store, secrets, index, spool, quotaBytes, random, signal } = this.#powers;
    const ways = this.#powers.ways();
    const { s, blocks, digests } = mintSecret(placement, random);
    try {
      await using routes = new StorageRoutes({ routes: new Map([...ways].map(([node, { route }]) => [node, route])) });
      using puts = new PutList(spool, version);
      const right = { words: ['job', id], version };
      const putBlock = blockPutter({ routes, ways, index, puts, organization, version, right, quotaBytes });
      const put = fragmentPutter(placement, onceKnown(putBlock));
      const done = await Promise.allSettled(blocks.map((block) => put(block, { signal })));
      for (const one of done) if (one.status === 'rejected') throw asFault(one.reason);
      store.putShares(id, digests);
      secrets.keep(digests, Uint8Array.from(s));
      return digests;
    } finally {
      s.fill(0);
      removePutList(spool, version);
    }
  }
}

/** Puts again while another organization's peer may not have read the job: to its gateway that looks as if there were no right. */
function onceKnown(put: PutBlock): PutBlock {
  return async (place, block, signal) => {
    const until = performance.now() + longestLagMs;
    for (;;) {
      try {
        return await put(place, block, signal);
      } catch (error) {
        const mayLag = error instanceof StoreRefusal && error.kind === 'absent';
        if (!mayLag || performance.now() > until) throw error;
        await wait(lagPauseMs, undefined, { signal });
      }
    }
  };
}

function asFault(cause: unknown): unknown {
  if (!(cause instanceof StoreRefusal)) return cause;
  return new Fault('unavailable', `The shares of an output cannot be placed: ${cause.detail}`, { cause });
}
