import { hash, randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { emptyRoot, leafHash, MerkleRootBuilder, merkleRoot, nodeHash } from './merkle.ts';
import { continues, includes, MerkleTree } from './merkle-proof.ts';

/** Leaves and roots of the reference implementation's tests (google/certificate-transparency, merkle_tree_test.cc). */
const data = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
const roots = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];
const leaves = data.map((text) => leafHash(Buffer.from(text, 'hex')));

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** The definition of RFC 6962, 2.1, word by word. */
function definedRoot(hashes: readonly Uint8Array[]): Uint8Array {
  if (hashes.length === 0) return hash('sha256', '', 'buffer');
  if (hashes.length === 1) return hashes[0] as Uint8Array;
  let half = 1;
  while (half * 2 < hashes.length) half *= 2;
  return nodeHash(definedRoot(hashes.slice(0, half)), definedRoot(hashes.slice(half)));
}

const someLeaves = (min: number) =>
  fc.integer({ min, max: 70 }).map((count) => Array.from({ length: count }, () => randomBytes(32)));

describe('a Merkle tree', () => {
  test('has the roots of the reference implementation', () => {
    const builder = new MerkleRootBuilder();
    expect(hex(builder.root())).toBe(hash('sha256', ''));
    expect(hex(emptyRoot())).toBe(hash('sha256', ''));
    leaves.forEach((leaf, at) => {
      builder.append(leaf);
      expect(hex(builder.root())).toBe(roots[at]);
      expect(hex(new MerkleTree(leaves).root(at + 1))).toBe(roots[at]);
    });
    expect(builder.size).toBe(8);
  });

  test('built leaf by leaf or whole has the root that the definition gives', () => {
    fc.assert(
      fc.property(someLeaves(0), (hashes) => {
        const expected = hex(definedRoot(hashes));
        expect(hex(merkleRoot(hashes))).toBe(expected);
        expect(hex(new MerkleTree(hashes).root())).toBe(expected);
      }),
    );
  });

  test('proves every leaf, and the proof holds for no other leaf, place, size or root', () => {
    fc.assert(
      fc.property(someLeaves(1), fc.nat(), (hashes, pick) => {
        const tree = new MerkleTree(hashes);
        const [size, index] = [hashes.length, pick % hashes.length];
        const leaf = hashes[index] as Uint8Array;
        const root = tree.root();
        const proof = tree.inclusionProof(index);
        expect(includes(root, leaf, index, size, proof)).toBe(true);
        expect(includes(root, randomBytes(32), index, size, proof)).toBe(false);
        expect(includes(randomBytes(32), leaf, index, size, proof)).toBe(false);
        expect(includes(root, leaf, index, size, [...proof, randomBytes(32)])).toBe(false);
        if (size > 1) {
          expect(includes(root, leaf, (index + 1) % size, size, proof)).toBe(false);
          expect(includes(root, leaf, index, size, proof.slice(1))).toBe(false);
          const flipped = proof.map((node, at) => (at === 0 ? randomBytes(32) : node));
          expect(includes(root, leaf, index, size, flipped)).toBe(false);
        }
        for (const place of [-1, size, 0.5, Number.NaN]) expect(includes(root, leaf, place, size, proof)).toBe(false);
      }),
    );
  });

  test('proves every prefix of itself, and no other tree as one', () => {
    fc.assert(
      fc.property(someLeaves(1), fc.nat(), (hashes, pick) => {
        const tree = new MerkleTree(hashes);
        const [size, oldSize] = [hashes.length, (pick % hashes.length) + 1];
        const [root, oldRoot] = [tree.root(), tree.root(oldSize)];
        const proof = tree.consistencyProof(oldSize);
        expect(continues(oldRoot, oldSize, root, size, proof)).toBe(true);
        expect(continues(randomBytes(32), oldSize, root, size, proof)).toBe(false);
        expect(continues(oldRoot, oldSize, randomBytes(32), size, proof)).toBe(false);
        expect(continues(oldRoot, oldSize, root, size, [...proof, randomBytes(32)])).toBe(false);
        if (proof.length > 0) expect(continues(oldRoot, oldSize, root, size, proof.slice(1))).toBe(false);
        expect(continues(oldRoot, 0, root, size, proof)).toBe(false);
        expect(continues(oldRoot, size + 1, root, size, proof)).toBe(false);
      }),
    );
  });

  test('a node is no leaf: a tree of one is not its leaf data hashed alone', () => {
    const [left, right] = [randomBytes(32), randomBytes(32)];
    expect(hex(leafHash(Buffer.concat([left, right])))).not.toBe(hex(nodeHash(left, right)));
  });
});
