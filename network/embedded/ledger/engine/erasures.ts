import type { Version } from '../wire/rwset.ts';
import type { BlockUpdates } from './block-updates.ts';
import type { Definitions } from './definitions.ts';
import { hashedSpace, sameVersion } from './keys.ts';
import type { NamespaceChanges } from './transaction.ts';

/** The end of a private key's plaintext: a chaincode purged it, or its collection's time to live is over. */
export interface Erasure {
  readonly kind: 'purged' | 'expired';
  readonly namespace: string;
  readonly collection: string;
  /** Hex. */
  readonly keyHash: string;
  /** Values written in this block and before are gone. */
  readonly upToBlock: number;
}

type Written = Omit<Erasure, 'kind' | 'upToBlock'> & { readonly version: Version };

/** Remembers when private keys end whose collection has a time to live (`blockToLive`). */
export class Expiries {
  readonly #due = new Map<number, Written[]>();
  readonly #definitions: Definitions;

  constructor(definitions: Definitions) {
    this.#definitions = definitions;
  }

  /** Notes what a valid transaction wrote. */
  note(namespaces: readonly NamespaceChanges[], version: Version): void {
    for (const { namespace, collections } of namespaces) {
      for (const { name: collection, hashed } of collections) {
        const blocks = this.#definitions.collection(namespace, collection)?.blockToLive ?? 0;
        if (blocks === 0) continue;
        // As in Fabric a key lives for that many blocks after its own and ends with the next one.
        const end = version.blockNumber + blocks + 1;
        const due = this.#due.get(end) ?? [];
        for (const { keyHash } of hashed.writes) {
          due.push({ namespace, collection, keyHash: keyHash.toString('hex'), version });
        }
        this.#due.set(end, due);
      }
    }
  }

  /** Ends in a block's updates the keys whose time is over and that were not written since. */
  end(blockNumber: number, updates: BlockUpdates): readonly Erasure[] {
    const due = this.#due.get(blockNumber) ?? [];
    this.#due.delete(blockNumber);
    return due.flatMap(({ namespace, collection, keyHash, version }): Erasure[] => {
      const space = hashedSpace(namespace, collection);
      const untouched = sameVersion(updates.latest(space, keyHash)?.version, version);
      if (untouched) updates.end(space, keyHash, blockNumber);
      return untouched ? [{ kind: 'expired', namespace, collection, keyHash, upToBlock: version.blockNumber }] : [];
    });
  }
}

/** What a valid transaction purged. */
export function purgesOf(namespaces: readonly NamespaceChanges[], blockNumber: number): readonly Erasure[] {
  return namespaces.flatMap(({ namespace, collections }) =>
    collections.flatMap(({ name: collection, hashed }) =>
      hashed.writes
        .filter(({ isPurge }) => isPurge)
        .map(({ keyHash }): Erasure => {
          const key = keyHash.toString('hex');
          return { kind: 'purged', namespace, collection, keyHash: key, upToBlock: blockNumber };
        }),
    ),
  );
}
