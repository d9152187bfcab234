import { sha256 } from '../msp/signature.ts';
import { HashedRwSet, KvRwSet, type TxPrivateRwSet, TxRwSet, type Version } from '../wire/rwset.ts';
import { byUtf8 } from './keys.ts';
import type { RangeReads } from './merkle-summary.ts';
import type { KeyMetadata } from './state.ts';

/** A write of one key: its new value, or its end. */
export interface KeyWrite {
  /** `undefined` deletes; an empty value deletes too, as in Fabric. */
  readonly value: Buffer | undefined;
  readonly purge?: boolean;
}

/** What was read and written of one namespace or collection. */
export interface Touched {
  readonly reads: Map<string, Version | undefined>;
  readonly writes: Map<string, KeyWrite>;
  readonly metadata: Map<string, KeyMetadata>;
}

export interface RangeRead {
  readonly startKey: string;
  endKey: string;
  exhausted: boolean;
  readonly reads: RangeReads;
}

export interface NamespaceTouched extends Touched {
  readonly ranges: RangeRead[];
  readonly collections: Map<string, Touched>;
}

const touched = (): Touched => ({ reads: new Map(), writes: new Map(), metadata: new Map() });
const sorted = <T>(map: ReadonlyMap<string, T>): [string, T][] => [...map].sort(([a], [b]) => byUtf8(a, b));
const entriesOf = (metadata: KeyMetadata) =>
  sorted(new Map(Object.entries(metadata))).map(([name, value]) => ({ name, value }));
const gone = ({ value }: KeyWrite): boolean => value === undefined || value.length === 0;
const hashOf = (text: string): Buffer => sha256(Buffer.from(text));
/** The hash of a private key as its hashed space spells it. */
export const hashOfKey = (key: string): string => hashOf(key).toString('hex');

/** Gathers what a simulation reads and writes and lays it out as Fabric does. */
export class ReadWriteSet {
  readonly namespaces = new Map<string, NamespaceTouched>();

  of(namespace: string): NamespaceTouched {
    let found = this.namespaces.get(namespace);
    if (found === undefined) {
      found = { ...touched(), ranges: [], collections: new Map() };
      this.namespaces.set(namespace, found);
    }
    return found;
  }

  collection(namespace: string, collection: string): Touched {
    const { collections } = this.of(namespace);
    let found = collections.get(collection);
    if (found === undefined) {
      found = touched();
      collections.set(collection, found);
    }
    return found;
  }

  /** The public part (`TxReadWriteSet`) and, where there is one, the plaintext part for the collections' members. */
  encode(): { readonly results: Buffer; readonly plaintext: TxPrivateRwSet | undefined } {
    const plaintext: TxPrivateRwSet['namespaces'][number][] = [];
    const namespaces = sorted(this.namespaces).map(([namespace, set]) => {
      const parts = sorted(set.collections).map(([name, part]) => collectionPart(name, part));
      const collections = parts.flatMap((part) => part.plaintext ?? []);
      if (collections.length > 0) plaintext.push({ namespace, collections });
      return { namespace, rwSet: publicPart(set), collections: parts.map((part) => part.hashed) };
    });
    return {
      results: TxRwSet.encode({ namespaces }),
      plaintext: plaintext.length > 0 ? { dataModel: 0, namespaces: plaintext } : undefined,
    };
  }
}

const publicWrites = (writes: Touched['writes']) =>
  sorted(writes).map(([key, write]) => (gone(write) ? { key, isDelete: true } : { key, value: write.value }));
const publicMetadata = (metadata: Touched['metadata']) =>
  sorted(metadata).map(([key, entries]) => ({ key, entries: entriesOf(entries) }));

function publicPart({ reads, writes, metadata, ranges }: NamespaceTouched): Buffer {
  return KvRwSet.encode({
    reads: sorted(reads).map(([key, version]) => ({ key, version })),
    rangeQueries: ranges.map(({ startKey, endKey, exhausted, reads: read }) => {
      const { raw, summary } = read.done();
      const recorded = summary === undefined ? { rawReads: { kvReads: raw } } : { merkleHashes: summary };
      return { startKey, endKey, itrExhausted: exhausted, ...recorded };
    }),
    writes: publicWrites(writes),
    metadataWrites: publicMetadata(metadata),
  });
}

/** Keys and values appear in public as unsalted hashes only; they are sorted by the plain key, as in Fabric. */
function collectionPart(collection: string, { reads, writes, metadata }: Touched) {
  const hashedRwSet = HashedRwSet.encode({
    reads: sorted(reads).map(([key, version]) => ({ keyHash: hashOf(key), version })),
    writes: sorted(writes).map(([key, write]) => ({
      keyHash: hashOf(key),
      ...(gone(write) ? { isDelete: true, isPurge: write.purge === true } : { valueHash: sha256(write.value!) }),
    })),
    metadataWrites: sorted(metadata).map(([key, entries]) => ({ keyHash: hashOf(key), entries: entriesOf(entries) })),
  });
  if (writes.size + metadata.size === 0) return { hashed: { collection, hashedRwSet }, plaintext: undefined };
  const rwSet = KvRwSet.encode({ writes: publicWrites(writes), metadataWrites: publicMetadata(metadata) });
  return { hashed: { collection, hashedRwSet, privateRwSetHash: sha256(rwSet) }, plaintext: { collection, rwSet } };
}
