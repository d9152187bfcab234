import { setTimeout as wait } from 'node:timers/promises';
import type { DatasetId, StorageNodeId, VersionId } from '@d-cloud/chaincode/domain';
import { Fault } from '@d-cloud/network/ledger';
import { StorageRoutes, StoreRefusal } from '@d-cloud/network/store';
import type { Logger } from 'pino';
import type { KeyStore } from '../keys/key-store.ts';
import type { BlockIndex } from '../peer/block-index.ts';
import type { StorageWay } from '../peer/storage-ways.ts';
import type { ReadModel } from '../projection/index.ts';
import { type ListedPut, readPutList, removePutList } from './put-list.ts';
import type { UploadJournal } from './upload-journal.ts';

/** Removes what an upload that was not published has put, by its list, trying again until every storage node has answered. */
export type RemovePlaced = {
  (upload: { readonly version: VersionId; readonly dataset: DatasetId }): Promise<void>;
  /** The upload is published: its list is not needed any more. */
  forget(version: VersionId): void;
};

export type RemovePlacedPowers = {
  readonly readModel: Pick<ReadModel, 'get'>;
  readonly ways: () => ReadonlyMap<StorageNodeId, StorageWay>;
  readonly index: BlockIndex;
  readonly keys: KeyStore;
  readonly journal: UploadJournal;
  readonly putListDirectory: string;
  readonly signal: AbortSignal;
  readonly log: Logger;
};

const firstPauseMs = 500;
const longestPauseMs = 60_000;

export function placedRemover(powers: RemovePlacedPowers): RemovePlaced {
  const running = new Map<VersionId, Promise<void>>();
  const remove = (upload: { readonly version: VersionId; readonly dataset: DatasetId }): Promise<void> => {
    const known = running.get(upload.version);
    if (known !== undefined) return known;
    const begun = removeAll(powers, upload)
      .catch((error: unknown) => {
        if (!powers.signal.aborted) powers.log.error({ err: error, version: upload.version }, 'orphans are left');
      })
      .finally(() => running.delete(upload.version));
    running.set(upload.version, begun);
    return begun;
  };
  return Object.assign(remove, {
    forget: (version: VersionId) => removePutList(powers.putListDirectory, version),
  });
}

async function removeAll(
  powers: RemovePlacedPowers,
  { version, dataset }: { readonly version: VersionId; readonly dataset: DatasetId },
): Promise<void> {
  let left = readPutList(powers.putListDirectory, version);
  powers.log.info({ version, blocks: left.length }, 'removing the blocks of an upload that was not published');
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    left = await removeEach(powers, version, dataset, left);
    if (left.length === 0) break;
    await wait(pauseMs, undefined, { signal: powers.signal });
  }
  powers.keys.forgetVersion(version);
  powers.journal.dropped(version);
  removePutList(powers.putListDirectory, version);
}

/** One round; gives what could not be removed yet. */
async function removeEach(
  { readModel, ways, index, signal }: RemovePlacedPowers,
  version: VersionId,
  dataset: DatasetId,
  puts: readonly ListedPut[],
): Promise<readonly ListedPut[]> {
  const right = { words: ['publish', dataset, version], version };
  const left: ListedPut[] = [];
  const known = ways();
  await using routes = new StorageRoutes({ routes: new Map([...known].map(([id, { route }]) => [id, route])) });
  for (const put of puts) {
    signal.throwIfAborted();
    const way = known.get(put.storageNode);
    if (way === undefined) {
      // One that left took its blocks with it. To any other there is no way yet: right after a start nobody is trusted.
      if (readModel.get('storage-node', put.storageNode)?.record.state !== 'left') left.push(put);
      continue;
    }
    try {
      await routes.blocks(put.storageNode, right).remove(put.cid, { signal });
      if (way.route.kind === 'own') index.drop(put.cid, put.storageNode);
    } catch (error) {
      // A refusal is an answer: the block is not there, or not ours to remove.
      if (error instanceof StoreRefusal) continue;
      if (!(error instanceof Fault)) throw error;
      left.push(put);
    }
  }
  return left;
}
