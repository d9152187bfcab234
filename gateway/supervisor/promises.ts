import { bftQuorum } from '@d-cloud/network/admin';
import { membersOf, type NetworkDescription } from './description.ts';

/** How many of `n` orderers must answer for anything to be written. */
export function orderingQuorum(consensus: 'raft' | 'bft', n: number): number {
  return consensus === 'bft' ? bftQuorum(n) : Math.floor(n / 2) + 1;
}

/** Dispersals that versions are stored with (gateway/publish): k of n fragments suffice. */
const dispersals = [
  { k: 4, n: 7 },
  { k: 3, n: 5 },
  { k: 2, n: 3 },
];

/** What D-Cloud promises and a network of this shape cannot keep, a sentence each. What other machines run is not looked at. */
export function brokenPromises(description: NetworkDescription): string[] {
  const { organizations, others, settings, ledger, store } = description;
  const members = membersOf(description);
  const broken: string[] = [];
  if (members.length < 3)
    broken.push(
      `With ${members.length} organization${members.length === 1 ? '' : 's'} no data survives the loss of one, and one alone may hold enough to rebuild it: that takes three.`,
    );
  if (ledger.kind === 'embedded') broken.push('The ledger is one program that holds all keys: this is no consortium.');
  else if (others.length === 0 && organizations.length > 1)
    broken.push('All organizations run on one machine and their keys lie on it: this is no consortium yet.');
  if (store.publicSwarm !== undefined)
    broken.push(
      'Stored blocks are public, the shares of S among them: a leaked content key opens its version to anyone who kept its blocks (docs/guides/public-ipfs.md).',
      'Erasing, revoking and quotas end at the own storage nodes: anyone may fetch a block, and keeps what was fetched.',
    );
  if (others.length > 0) return broken;
  const counts = organizations.map(({ storageNodes }) => storageNodes.length);
  const stored = counts.reduce((sum, count) => sum + count, 0);
  const fits = dispersals.find(
    ({ k, n }) => counts.reduce((sum, count) => sum + Math.min(count, k - 1, n - k), 0) >= n,
  );
  if (stored === 0) broken.push('There are no storage nodes: nothing can be published.');
  else if (fits === undefined)
    broken.push(
      `${stored} storage nodes in ${counts.filter((count) => count > 0).length} organizations: no version survives the loss of any organization (three organizations with 3, 2 and 2 keep that promise).`,
    );
  if (organizations.every(({ computeNodes }) => computeNodes.length === 0))
    broken.push('There are no compute nodes: no job can run.');
  if (ledger.kind === 'embedded') return broken;
  const orderers = organizations.reduce((sum, one) => sum + one.orderers.length, 0);
  const quorum = orderingQuorum(settings.consensus, orderers);
  for (const { name, orderers: own } of organizations)
    if (own.length > 0 && orderers - own.length < quorum)
      broken.push(
        `Without ${name} nothing can be written: ${quorum} of ${orderers} orderers must answer, and ${own.length} are its own.`,
      );
  return broken;
}
