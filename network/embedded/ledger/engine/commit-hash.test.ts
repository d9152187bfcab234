import { expect, test } from '@jest/globals';
import { peerBlocks } from '../testing/peer-blocks.ts';
import { Code } from '../wire/proposal.ts';
import { readBlock } from './block.ts';
import { BlockUpdates } from './block-updates.ts';
import { commitHash } from './commit-hash.ts';
import { State } from './state.ts';

test('the commit hash of each block is the one that a peer of Fabric gave it', () => {
  const state = new State();
  const [first, ...following] = peerBlocks().map(readBlock);
  // What the blocks before wrote lies in other keys, so the first of these is only the hash that the others follow.
  let before = first!.commitHash;
  apply(first!, state);
  const hashes = following.map((block) => {
    const updates = apply(block, state);
    before = commitHash(before, block.codes, updates);
    return before.toString('hex');
  });
  expect(hashes).toHaveLength(6);
  expect(hashes).toEqual(following.map((block) => block.commitHash.toString('hex')));
  expect(following.map(({ codes }) => [...codes])).toContainEqual([Code.VALID, Code.MVCC_READ_CONFLICT]);
});

function apply({ header, transactions, codes }: ReturnType<typeof readBlock>, state: State): BlockUpdates {
  const updates = new BlockUpdates(state);
  transactions.forEach(({ endorsed }, txNumber) => {
    if (codes[txNumber] !== Code.VALID || endorsed === undefined) return;
    updates.apply(endorsed.namespaces, { blockNumber: header.number, txNumber });
  });
  updates.commit();
  return updates;
}
