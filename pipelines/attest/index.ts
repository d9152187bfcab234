export {
  type Envelope,
  EnvelopeInvalid,
  p256Signer,
  readEnvelope,
  type Signer,
  signEnvelope,
  type VerifiedEnvelope,
  verifyEnvelope,
} from './envelope.ts';
export { emptyRoot, leafHash, MerkleRootBuilder, merkleRoot, nodeHash } from './merkle.ts';
export { climb, continues, includes, MerkleTree } from './merkle-proof.ts';
export { RowEncoder } from './row-encoder.ts';
export { rowSalts } from './row-salts.ts';
export { type Cell, type Dtype, type RowColumn, rowSchemaId } from './row-schema.ts';
export { type RowProof, RowProver, RowTrees, type RowTreesOptions, rootOfBatches, rowProofHolds } from './row-trees.ts';
