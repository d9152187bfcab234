import { sha256 } from '../msp/signature.ts';
import type { TxPrivateRwSet } from '../wire/rwset.ts';
import type { BlockUpdates } from './block-updates.ts';
import type { Definitions } from './definitions.ts';
import type { Erasure } from './erasures.ts';
import { PrivateStore, type PrivateWrite } from './private-store.ts';
import type { State } from './state.ts';
import type { Storage } from './storage.ts';
import type { NamespaceChanges } from './transaction.ts';
import type { TransientStore } from './transient-store.ts';

/** A transaction of a block that is about to be written. */
export interface ValidTransaction {
  readonly txId: string;
  readonly txNumber: number;
  readonly namespaces: readonly NamespaceChanges[];
}

/** The private data of all organizations: what endorsers hand on before ordering, and what members keep after it. */
export class PrivateData {
  readonly #stores = new Map<string, PrivateStore>();
  readonly #storage: Storage;
  readonly #definitions: Definitions;
  readonly #transient: TransientStore;

  constructor(storage: Storage, definitions: Definitions, transient: TransientStore) {
    this.#storage = storage;
    this.#definitions = definitions;
    this.#transient = transient;
  }

  /**
   * Opens the stores of organizations that have none yet, as of a height; those of organizations that left stay as they are.
   * `blocks`: what was written for blocks from this one on is forgotten, because those never came to be.
   */
  async admit(mspIds: readonly string[], height: number, blocks = height): Promise<void> {
    for (const mspId of mspIds) {
      if (this.#stores.has(mspId)) continue;
      const store = await PrivateStore.open(this.#storage, `private/${mspId}.records`);
      await store.cut(blocks);
      store.state.advance(height);
      this.#stores.set(mspId, store);
    }
  }

  stateOf(mspId: string): State {
    const store = this.#stores.get(mspId);
    if (store === undefined) throw new Error(`No peer of ${mspId} on this ledger.`);
    return store.state;
  }

  /** Keeps the plaintext of an endorsed transaction until its block comes; resolves when that survives a crash. */
  remember(txId: string, plaintext: TxPrivateRwSet): Promise<void> {
    return this.#transient.remember(txId, plaintext);
  }

  /** The block of these transactions is durable: members hold their plaintext now. */
  forget(txIds: Iterable<string>): void {
    this.#transient.forget(txIds);
  }

  /** Forgets the plaintext of what had come to its block before a crash. */
  settle(isCommitted: (txId: string) => boolean): void {
    this.#transient.settle(isCommitted);
  }

  /** Makes the plaintext of a block's valid transactions durable with every member, before the block itself is. */
  async store(blockNumber: number, valid: readonly ValidTransaction[]): Promise<void> {
    const known = valid.flatMap((each) => {
      const plaintext = this.#transient.get(each.txId);
      return plaintext === undefined ? [] : [{ ...each, plaintext }];
    });
    if (known.length === 0) return;
    const appended = [...this.#stores].map(([mspId, store]) => {
      const writes = known.flatMap(({ txNumber, plaintext, namespaces }) => {
        const part = this.#partOf(mspId, plaintext, namespaces);
        return part === undefined ? [] : [{ txNumber, plaintext: part }];
      });
      return store.append(blockNumber, writes);
    });
    await Promise.all(appended);
  }

  /** Takes a durable block's plaintext, and the end of plaintext, into the members' states. */
  apply(blockNumber: number, hashes: BlockUpdates, erasures: readonly Erasure[]): void {
    for (const store of this.#stores.values()) store.apply(blockNumber, hashes, erasures);
  }

  /** What an organization holds of a block, by transaction number. */
  of(mspId: string, blockNumber: number): readonly PrivateWrite[] {
    return this.#stores.get(mspId)?.of(blockNumber) ?? [];
  }

  /**
   * The part of it that a reader's organization may be shown: of the collections that it is a member of too, and of those that are not
   * for members only, as Fabric's `CheckCollectionPolicy` has it. Implicit collections are not.
   */
  shownTo(reader: string, mspId: string, blockNumber: number): readonly PrivateWrite[] {
    return this.of(mspId, blockNumber).flatMap(({ txNumber, plaintext }) => {
      const shown = partOf(plaintext, (namespace, collection) => {
        const isOpen = this.#definitions.collection(namespace, collection)?.memberOnlyRead === false;
        return isOpen || this.#isMember(reader, namespace, collection);
      });
      return shown === undefined ? [] : [{ txNumber, plaintext: shown }];
    });
  }

  #isMember(mspId: string, namespace: string, collection: string): boolean {
    return this.#definitions.collection(namespace, collection)?.members.has(mspId) === true;
  }

  async close(): Promise<void> {
    await this.#transient.close();
    for (const store of this.#stores.values()) await store.close();
  }

  /** The collections that this organization is a member of, where the plaintext is what the public hashes stand for. */
  #partOf(mspId: string, plaintext: TxPrivateRwSet, changes: readonly NamespaceChanges[]): TxPrivateRwSet | undefined {
    return partOf(plaintext, (namespace, collection, rwSet) => {
      const hashes = changes.find((each) => each.namespace === namespace)?.collections ?? [];
      const hash = hashes.find(({ name }) => name === collection)?.plaintextHash;
      return this.#isMember(mspId, namespace, collection) && hash !== undefined && sha256(rwSet).equals(hash);
    });
  }
}

/** The collections that are kept of it, or nothing where none is. */
function partOf(
  plaintext: TxPrivateRwSet,
  keeps: (namespace: string, collection: string, rwSet: Buffer) => boolean,
): TxPrivateRwSet | undefined {
  const namespaces = plaintext.namespaces.flatMap(({ namespace, collections }) => {
    const kept = collections.filter(({ collection, rwSet }) => keeps(namespace, collection, rwSet));
    return kept.length > 0 ? [{ namespace, collections: kept }] : [];
  });
  return namespaces.length > 0 ? { dataModel: 0, namespaces } : undefined;
}
