import type { MspId, VersionId } from '@d-cloud/chaincode/domain';
import { Fault } from '@d-cloud/network/ledger';
import { type SlotBlocks, type StorageRoute, StorageRoutes } from '@d-cloud/network/store';
import type { ManifestSlot } from '../seal/index.ts';
import type { Peers } from './peers.ts';

/** The blocks of the consortium's storage nodes as a compute node reaches them: all through gateways, its own organization's too. */
export class StoredBlocks implements AsyncDisposable {
  readonly #routes = new StorageRoutes({ routes: new Map() });
  readonly #peers: Peers;
  readonly #addressOf: (organization: MspId) => Promise<string>;

  constructor(peers: Peers, addressOf: (organization: MspId) => Promise<string>) {
    this.#peers = peers;
    this.#addressOf = addressOf;
  }

  /** The blocks of a version under the right of a claim; a version is named for blocks that will be put. */
  async bind(slots: readonly ManifestSlot[], words: readonly string[], version?: VersionId): Promise<SlotBlocks> {
    for (const [organization, held] of Map.groupBy(slots, (slot) => slot.organization as MspId)) {
      const address = await this.#addressOf(organization);
      for (const { storageNode } of held) this.#reach(storageNode, organization, address);
    }
    return this.#routes.bind(
      slots.map(({ storageNode }) => storageNode),
      { words, ...(version === undefined ? {} : { version }) },
    );
  }

  #reach(storageNode: string, organization: MspId, address: string): void {
    const { tls, roots } = this.#peers.credentials;
    const root = roots.get(organization);
    // Without a root of its own a connection would fall back to those that the system trusts.
    if (root === undefined) {
      throw new Fault('misconfigured', `The channel's configuration names no TLS root of ${organization}`);
    }
    const route: StorageRoute = {
      kind: 'gateway',
      address,
      tls: { ...tls, roots: root },
    };
    this.#routes.set(storageNode, route);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#routes[Symbol.asyncDispose]();
  }
}
