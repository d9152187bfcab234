import type { MspId, StorageNodeId, VersionId } from '@d-cloud/chaincode/domain';
import { Fault } from '@d-cloud/network/ledger';
import { type BlockStore, OtherGateway, OwnNode, type Patience } from '@d-cloud/network/store';
import type { BlockIndex } from '../peer/block-index.ts';
import type { StorageWay } from '../peer/storage-ways.ts';
import { storeBlock } from '../peer/store-block.ts';

export type DirectBlocksInit = {
  readonly ways: ReadonlyMap<StorageNodeId, StorageWay>;
  readonly version: VersionId;
  readonly organization: MspId;
  readonly index: BlockIndex;
  readonly quotaBytes: number;
  /** For one request. */
  readonly deadlineMs: number;
  readonly patience?: Patience;
};

/**
 * The owner's way to its version's blocks on every storage node, for one audit or repair. Without the circuits that readers go
 * through: what matters here is how a storage node answers, not how to get round it.
 */
export class DirectBlocks implements AsyncDisposable {
  readonly #init: DirectBlocksInit;
  readonly #opened = new AsyncDisposableStack();
  readonly #stores = new Map<StorageNodeId, BlockStore>();
  readonly #own = new Map<StorageNodeId, BlockStore>();

  constructor(init: DirectBlocksInit) {
    this.#init = init;
    const { deadlineMs, patience, version } = init;
    const waiting = { deadlineMs, ...(patience === undefined ? {} : { patience }) };
    for (const [id, { route }] of init.ways) {
      if (route.kind === 'own') {
        const node = this.#opened.use(new OwnNode({ id, ...route, ...waiting }));
        this.#own.set(id, node);
        this.#stores.set(id, node);
      } else {
        const gateway = this.#opened.use(new OtherGateway({ ...route, ...waiting }));
        this.#stores.set(id, gateway.blocks(id, { words: ['own', version], version }));
      }
    }
  }

  /** Fault `unavailable` where no way to the storage node is known: it left, or its organization did. */
  at(storageNode: StorageNodeId): BlockStore {
    const store = this.#stores.get(storageNode);
    if (store === undefined) throw new Fault('unavailable', `There is no way to storage node ${storageNode}.`);
    return store;
  }

  /** Puts a block of the version where it belongs, read back and compared; rotten bytes that lie there are replaced. */
  async put(storageNode: StorageNodeId, cid: string, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    if (!this.#own.has(storageNode)) return this.at(storageNode).put(cid, bytes, { signal });
    const { version, organization, index, quotaBytes } = this.#init;
    const block = {
      cid,
      node: storageNode,
      version,
      owner: organization,
      putBy: organization,
      sizeBytes: bytes.length,
    };
    await storeBlock({ index, nodes: this.#own, quotaBytes: () => quotaBytes }, block, bytes, signal);
  }

  /** Removes a block that lies elsewhere now. */
  async remove(storageNode: StorageNodeId, cid: string, signal: AbortSignal): Promise<void> {
    await this.at(storageNode).remove(cid, { signal });
    if (this.#own.has(storageNode)) this.#init.index.drop(cid, storageNode);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#opened.disposeAsync();
  }
}
