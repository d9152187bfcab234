import { Code } from '../wire/proposal.ts';
import type { RangeQueryInfo } from '../wire/rwset.ts';
import type { BlockUpdates } from './block-updates.ts';
import { byUtf8, hashedSpace, sameVersion } from './keys.ts';
import { RangeReads } from './merkle-summary.ts';
import type { State } from './state.ts';
import type { NamespaceChanges } from './transaction.ts';

/** Whether everything that a transaction read is still so, after the blocks before and the transactions before it. */
export function checkReads(namespaces: readonly NamespaceChanges[], state: State, updates: BlockUpdates): Code {
  const stale = (space: string, key: string, version: Parameters<typeof sameVersion>[0]): boolean =>
    updates.has(space, key) || !sameVersion(state.latest(space, key)?.version, version);
  for (const { namespace, open, collections } of namespaces) {
    if (open.reads.some(({ key, version }) => stale(namespace, key, version))) return Code.MVCC_READ_CONFLICT;
    if (!open.rangeQueries.every((query) => holds(namespace, query, state, updates))) return Code.PHANTOM_READ_CONFLICT;
    for (const { name, hashed } of collections) {
      const space = hashedSpace(namespace, name);
      if (hashed.reads.some((read) => stale(space, read.keyHash.toString('hex'), read.version))) {
        return Code.MVCC_READ_CONFLICT;
      }
    }
  }
  return Code.VALID;
}

function holds(space: string, query: RangeQueryInfo, state: State, updates: BlockUpdates): boolean {
  const { startKey, itrExhausted, rawReads, merkleHashes } = query;
  // A range that was not read to its end was read up to and with its last key.
  const end = itrExhausted ? query.endKey : `${query.endKey}\0`;
  for (const [key, { value }] of updates.in(space)) {
    const within = byUtf8(key, startKey) >= 0 && (end === '' || byUtf8(key, end) < 0);
    if (within && (value !== undefined || state.latest(space, key) !== undefined)) return false;
  }
  const now = state.range(space, startKey, end, Number.POSITIVE_INFINITY);
  if (merkleHashes !== undefined) {
    const reads = new RangeReads();
    for (const { key, version } of now) reads.add({ key, version });
    const { summary } = reads.done();
    return (
      summary !== undefined &&
      summary.maxLevel === merkleHashes.maxLevel &&
      summary.maxLevelHashes.length === merkleHashes.maxLevelHashes.length &&
      summary.maxLevelHashes.every((hash, i) => hash.equals(merkleHashes.maxLevelHashes[i]!))
    );
  }
  const then = rawReads?.kvReads ?? [];
  let i = 0;
  for (const { key, version } of now) {
    const read = then[i++];
    if (read === undefined || read.key !== key || !sameVersion(read.version, version)) return false;
  }
  return i === then.length;
}
