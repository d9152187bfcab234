export { canonicalBytes, canonicalJson, type Json } from './jcs.ts';
export { emptyRoot, leafHash, MerkleRootBuilder, merkleRoot, nodeHash } from './merkle.ts';
export { continues, includes, MerkleTree } from './merkle-proof.ts';
