import { Code } from '../wire/proposal.ts';
import type { RangeQueryInfo, Version } from '../wire/rwset.ts';
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
  const now = rowsNow(space, startKey, end, state, updates);
  if (merkleHashes !== undefined) return sameSummary(now, merkleHashes.maxLevel, merkleHashes.maxLevelHashes);
  const then = rawReads?.kvReads ?? [];
  let i = 0;
  for (const { key, version } of now) {
    const read = then[i++];
    if (read === undefined || read.key !== key || !sameVersion(read.version, version)) return false;
  }
  return i === then.length;
}

type VersionedKey = { readonly key: string; readonly version: Version };

/** The keys of a range as the blocks before and the transactions before in this block have left them. */
function rowsNow(
  space: string,
  start: string,
  end: string,
  state: State,
  updates: BlockUpdates,
): Iterable<VersionedKey> {
  const within = ([key]: readonly [string, unknown]): boolean =>
    byUtf8(key, start) >= 0 && (end === '' || byUtf8(key, end) < 0);
  const changed = new Map([...updates.in(space)].filter(within));
  const before = state.range(space, start, end, Number.POSITIVE_INFINITY);
  if (changed.size === 0) return before;
  const rows = [...before].filter(({ key }) => !changed.has(key));
  const live = [...changed]
    .filter(([, { value }]) => value !== undefined)
    .map(([key, { version }]) => ({ key, version }));
  return [...rows, ...live].sort((a, b) => byUtf8(a.key, b.key));
}

function sameSummary(rows: Iterable<VersionedKey>, maxLevel: number, hashes: readonly Buffer[]): boolean {
  const reads = new RangeReads();
  for (const { key, version } of rows) reads.add({ key, version });
  const { summary } = reads.done();
  if (summary?.maxLevel !== maxLevel || summary.maxLevelHashes.length !== hashes.length) return false;
  return summary.maxLevelHashes.every((hash, i) => hash.equals(hashes[i]!));
}
