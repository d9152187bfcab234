import {
  type AuditedNode,
  commit,
  type DatasetId,
  idFrom,
  type MspId,
  type StorageNodeId,
  type Submits,
  type VersionId,
  type VersionRecord,
} from '@d-cloud/chaincode/domain';
import { Fault } from '@d-cloud/network/ledger';
import { StoreRefusal } from '@d-cloud/network/store';
import { manifestHash, parseManifest, sizeClass, stripeCount } from '@d-cloud/pipelines/seal';
import type { Logger } from 'pino';
import { FollowUp } from '../background/follow-up.ts';
import { gatewayStamp } from '../background/gateway-stamp.ts';
import type { Custodian } from '../custody/custodian.ts';
import type { CustodyStore, PlacedBlock } from '../custody/custody-store.ts';
import { DirectBlocks } from '../custody/direct-blocks.ts';
import { distinctBlocks, placedBlocks, resharedBlocks } from '../custody/placed-blocks.ts';
import { type CurrentSlot, currentSlots, VersionBlocks } from '../custody/version-blocks.ts';
import type { KeyKeeper } from '../keys/key-keeper.ts';
import type { KeyStore, NextKeys } from '../keys/key-store.ts';
import type { GatewayLedger } from '../ledger.ts';
import type { BlockIndex } from '../peer/block-index.ts';
import { PeerProblem } from '../peer/peer-problem.ts';
import type { ReadModel } from '../projection/index.ts';
import type { ChosenPlacement } from '../publish/choose-placement.ts';
import type { Failpoint } from '../publish/failpoint.ts';
import { readPutList, removePutList } from '../publish/put-list.ts';
import { dueVersions } from './due-versions.ts';
import { type ResealVersionPowers, resealVersion } from './reseal-version.ts';

export type ResealerPowers = ResealVersionPowers & {
  readonly organization: MspId;
  readonly ledger: Pick<GatewayLedger, 'submit'>;
  readonly readModel: Pick<ReadModel, 'get' | 'list' | 'events' | 'head'>;
  readonly keys: KeyStore;
  readonly keeper: Pick<KeyKeeper, 'keep' | 'ready'>;
  readonly custody: Pick<Custodian, 'alone'>;
  readonly store: CustodyStore;
  readonly index: BlockIndex;
  readonly choosePlacement: (seed: VersionId) => Promise<ChosenPlacement>;
  readonly random: (sizeBytes: number) => Uint8Array;
  readonly keyedHash: (...parts: readonly string[]) => Uint8Array;
  readonly failpoint: Failpoint;
  readonly log: Logger;
};

/** What is still to be done after hard revokes. */
export type ResealProgress = {
  /** Versions that are still sealed as the grantee may know them. */
  readonly due: readonly VersionId[];
  /** Versions that are sealed anew and whose old blocks are not known to be gone everywhere. */
  readonly clearing: readonly VersionId[];
};

const deadlineMs = 15_000;

/**
 * Carries out hard revokes: seals what a grant covered under another content key and another S, disperses it anew, tells the ledger, removes
 * the old blocks from every storage node, sees that they are absent, and records that. The ledger says what is to be done; the key store has
 * both sets of keys from before the ledger is told until after, so that a crash at any line leaves the version as it was or as it will be.
 */
export class Resealer implements AsyncDisposable {
  readonly #powers: ResealerPowers;
  readonly #followUp: FollowUp;

  constructor(powers: ResealerPowers) {
    this.#powers = powers;
    this.#followUp = new FollowUp(powers, {
      wakes: ({ kind }) => kind === 'grant.revoked',
      pass: () => this.#pass(),
      pauseMs: { first: 2_000, most: 60_000 },
    });
  }

  start(): void {
    this.#followUp.start();
  }

  progress(): ResealProgress {
    const { readModel, organization, store } = this.#powers;
    return {
      due: dueVersions(readModel, organization).map(({ id }) => id),
      clearing: [...new Set(store.superseded().map(({ version }) => version))],
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#followUp[Symbol.asyncDispose]();
  }

  /** One pass over all there is to do; gives whether nothing is left. */
  async #pass(): Promise<boolean> {
    const { readModel, organization, store, keeper, log } = this.#powers;
    let isDone = true;
    const each = async (what: string, version: VersionId, act: () => Promise<void>) => {
      try {
        await act();
      } catch (error) {
        isDone = false;
        if (!this.#followUp.signal.aborted) log.warn({ err: error, version }, `${what} failed and is tried again`);
      }
    };
    try {
      await keeper.ready();
    } catch {
      return false;
    }
    // Of those that are due again too: what the ledger commits to already is to count before another sealing is begun.
    for (const version of this.#powers.keys.nextVersions())
      await each('ending a sealing', version, () => this.#alone(version, (slots) => this.#end(version, slots)));
    for (const { id, dataset } of dueVersions(readModel, organization))
      await each('sealing anew', id, () => this.#alone(id, (slots) => this.#reseal(id, dataset, slots)));
    // While the next keys do not count yet, readers are still told of the old blocks.
    for (const { version, sealing, blocks } of store.superseded())
      if (this.#powers.keys.next(version) === undefined)
        await each('clearing old blocks', version, () => this.#clear(version, sealing, blocks));
    return isDone;
  }

  #alone(
    version: VersionId,
    act: (known: { blocks: VersionBlocks; slots: readonly CurrentSlot[] }) => Promise<void>,
  ): Promise<void> {
    return this.#powers.custody.alone(version, act);
  }

  async #reseal(
    version: VersionId,
    dataset: DatasetId,
    { blocks, slots }: { readonly blocks: VersionBlocks; readonly slots: readonly CurrentSlot[] },
  ): Promise<void> {
    const { keys, keeper, readModel, random, failpoint, choosePlacement, putListDirectory, log } = this.#powers;
    const { signal } = this.#followUp;
    const record = readModel.get('version', version)?.record as VersionRecord;
    const sealing = (record.sealing ?? 1) + 1;
    const next = keys.next(version);
    // They may be the only keys of what the ledger commits to.
    if (next !== undefined && next.sealing < sealing)
      throw new Fault('contended', `Sealing ${next.sealing} of ${version} is recorded and is ended first.`);
    if (next === undefined || next.sealing > sealing) {
      await this.#takeBack(version, signal);
      failpoint('reseal.begun');
      const contentKey = random(32);
      const to = { contentKey, placement: await choosePlacement(version) };
      const manifest = await resealVersion(this.#powers, { version, manifest: blocks.manifest }, slots, to, signal);
      failpoint('reseal.placed');
      keys.putNext(sealing, { version, contentKey, salt: random(32), manifest });
      failpoint('reseal.keys-kept');
    }
    // After a crash before this line too: left behind, it would name blocks that count by the time of the next sealing.
    removePutList(putListDirectory, version);
    failpoint('reseal.kept');
    // Both sets of keys are on the ledger before it commits to the new ones: whichever it commits to can be recovered.
    await keeper.keep(version, signal);
    const epoch = readModel.get('dataset', dataset)?.record.epoch ?? record.epoch;
    await this.#submit('dataset:reseal', `reseal:${version}:${sealing}:${epoch}`, this.#body(version, sealing, epoch));
    failpoint('reseal.recorded');
    await this.#end(version, { blocks, slots });
    log.info({ version, sealing }, 'a version is sealed anew');
  }

  #body(version: VersionId, sealing: number, epoch: number): Submits['dataset:reseal']['body'] {
    const next = this.#powers.keys.next(version);
    if (next === undefined) throw new RangeError(`${version} has no next keys`);
    const manifest = parseManifest(next.manifest);
    const sizeBytes = manifest.segments.reduce(
      (sum, segment) => sum + segment.fragmentBytes * manifest.k * stripeCount(manifest, segment),
      0,
    );
    return {
      id: version,
      manifestCommitment: commitmentOf(next),
      contentRoot: manifest.contentRoot,
      sizeClass: String(sizeClass(sizeBytes)),
      epoch,
      sealing,
    };
  }

  /** The ledger has the new sealing: names what counts no more and lets the new keys count. Erased meanwhile: forgets them. */
  async #end(
    version: VersionId,
    { blocks, slots }: { readonly blocks: VersionBlocks; readonly slots: readonly CurrentSlot[] },
  ): Promise<void> {
    const { keys, keeper, store, readModel, failpoint } = this.#powers;
    const next = keys.next(version);
    const record = readModel.get('version', version)?.record;
    if (next === undefined || record === undefined) return;
    // They count already: a crash inside the switch, or a backup of before it into which what the ledger keeps was taken. No block is old then.
    if (isSameManifest(keys.version(version), next)) {
      keys.dropNext(version);
      return keeper.keep(version, this.#followUp.signal);
    }
    if ((record.sealing ?? 1) < next.sealing) return;
    const { sealing } = next;
    // Two tries may have come to other keys of the same number: only those that the ledger commits to may take the place of what there is.
    if (record.manifestCommitment !== commitmentOf(next)) return this.#forgetNext(version, next);
    // Also those that lie where its slots were moved away from, and the shares of a sharing anew that was not ended: custody forgets both here.
    const old = distinctBlocks([
      ...placedBlocks(blocks, slots),
      ...placedBlocks(blocks, store.vacated(version)),
      ...resharedBlocks(store.resharing(version)),
    ]);
    store.supersede(version, sealing, old);
    failpoint('reseal.superseded');
    store.forget(version);
    keys.takeNext(version);
    failpoint('reseal.switched');
    await keeper.keep(version, this.#followUp.signal);
  }

  /** Next keys that the ledger does not commit to: another sealing of the version was recorded. Their blocks go. */
  async #forgetNext(version: VersionId, { manifest }: NextKeys): Promise<void> {
    const { keys, keeper, log } = this.#powers;
    const { signal } = this.#followUp;
    const blocks = new VersionBlocks(parseManifest(manifest));
    const placed = placedBlocks(blocks, currentSlots(blocks.manifest, new Map()));
    const { away } = await this.#remove(version, placed, signal);
    if (away > 0) throw new Fault('unavailable', `${away} blocks of a sealing that came to nothing are left.`);
    keys.dropNext(version);
    await keeper.keep(version, signal);
    log.warn({ version }, 'another sealing of the version was recorded: what was placed for this one is removed');
  }

  /** Removes what an earlier try has put that came to nothing. */
  async #takeBack(version: VersionId, signal: AbortSignal): Promise<void> {
    const { putListDirectory, keys } = this.#powers;
    const left = readPutList(putListDirectory, version);
    const blocks = left.map(({ cid, storageNode }) => ({ cid, node: storageNode }));
    const { away } = await this.#remove(version, blocks, signal);
    if (away > 0) throw new Fault('unavailable', `${away} blocks of an earlier try are left on storage nodes.`);
    keys.dropNext(version);
    removePutList(putListDirectory, version);
  }

  /** Removes the old blocks everywhere, asks for each once more, and records that they are absent. */
  async #clear(version: VersionId, sealing: number, blocks: readonly PlacedBlock[]): Promise<void> {
    const { store, readModel, failpoint, log } = this.#powers;
    const { signal } = this.#followUp;
    const { counts, away, there } = await this.#remove(version, blocks, signal);
    failpoint('reseal.cleared');
    if (away + there > 0)
      throw new Fault('unavailable', `${away + there} old blocks of ${version} are not known to be absent.`);
    if (readModel.get('version', version)?.record.erasure === undefined) {
      const id = idFrom('audt', this.#powers.keyedHash('absence', version, String(sealing)).subarray(0, 16));
      const body = { id, version, kind: 'absence', nodes: counts } as const;
      await this.#submit('audit:record', `absence:${version}:${sealing}`, body);
    }
    store.endSuperseded(version, sealing);
    log.info({ version, sealing, blocks: blocks.length }, 'the old blocks are absent from every storage node');
  }

  async #remove(version: VersionId, blocks: readonly PlacedBlock[], signal: AbortSignal) {
    const { ways, organization, index, quotaBytes, readModel } = this.#powers;
    await using direct = new DirectBlocks({ ways: ways(), version, organization, index, quotaBytes, deadlineMs });
    const byNode = Map.groupBy(blocks, ({ node }) => node);
    const counted = await Promise.all(
      [...byNode].map(async ([node, own]) => {
        const count = { node, ok: 0, missing: 0, corrupt: 0, offline: 0, slow: 0, repaired: 0 };
        // One that has left took its blocks with it: nobody can be asked. To any other there is no way yet, and it says nothing.
        const hasLeft = readModel.get('storage-node', node)?.record.state === 'left';
        for (const { cid } of own) {
          const found = hasLeft ? false : await stillThere(direct, node, cid, signal);
          count[found === undefined ? 'offline' : found ? 'ok' : 'missing']++;
        }
        return count;
      }),
    );
    const counts: readonly AuditedNode[] = counted;
    const sum = (of: 'offline' | 'ok') => counts.reduce((total, one) => total + one[of], 0);
    return { counts, away: sum('offline'), there: sum('ok') };
  }

  async #submit<N extends 'dataset:reseal' | 'audit:record'>(
    name: N,
    key: string,
    body: Submits[N]['body'],
  ): Promise<void> {
    const { ledger, keyedHash } = this.#powers;
    await ledger.submit(name, body, gatewayStamp(keyedHash, 'resealer', key, body), { signal: this.#followUp.signal });
  }
}

function isSameManifest(now: Pick<NextKeys, 'manifest'> | undefined, next: NextKeys): boolean {
  return now !== undefined && Buffer.compare(now.manifest, next.manifest) === 0;
}

function commitmentOf({ salt, manifest }: NextKeys): string {
  return commit(salt, Buffer.from(manifestHash(manifest), 'hex'));
}

/** Removes a block and asks for it again: whether it is there, or nothing where the storage node does not say. */
async function stillThere(
  direct: DirectBlocks,
  node: StorageNodeId,
  cid: string,
  signal: AbortSignal,
): Promise<boolean | undefined> {
  try {
    await direct.remove(node, cid, signal).catch((error: unknown) => {
      // A refusal is an answer: the block is not there.
      if (!(error instanceof StoreRefusal)) throw error;
    });
    return (await direct.at(node).stat(cid, { signal })) !== undefined;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof StoreRefusal) return false;
    if (error instanceof Fault || error instanceof PeerProblem) return undefined;
    throw error;
  }
}
