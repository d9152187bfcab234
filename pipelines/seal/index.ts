export { blockDigest, blockId } from './block-id.ts';
export { ErasureCode, type KernelKind, recoverSlowly, type Scheme, schemeRow } from './erasure/index.ts';
export { SealFault, type SealFaultCode, sealFaults } from './fault.ts';
export type { GetFragment, Hedge } from './gather-fragments.ts';
export { type GatherSecretOptions, gatherSecret, type SharedSecret } from './gather-secret.ts';
export { checkPublicKey, generateKeyPair, type KeyPair, publicKeyOf } from './key-pair.ts';
export {
  type KeyRelease,
  openKeyRelease,
  parseKeyRelease,
  type ReleaseContext,
  sealKeyRelease,
} from './key-release.ts';
export {
  layoutOf,
  maxFragmentBytes,
  maxSegmentBytes,
  type SegmentLayout,
  segmentCapacity,
  sizeClass,
} from './layout.ts';
export {
  contentRoot,
  encodeManifest,
  fragmentDigest,
  fragmentsOf,
  type ManifestSegment,
  type ManifestSlot,
  manifestHash,
  manifestOf,
  type StorageManifest,
  segmentHash,
  stripeCount,
} from './manifest.ts';
export { mergeManifests } from './merge-manifests.ts';
export {
  type OpenedSegment,
  type OpenOptions,
  openSegments,
  segmentsOfRows,
} from './open-segments.ts';
export { checkManifest, maxManifestBytes, parseManifest } from './parse-manifest.ts';
export { type RepairedFragment, type RepairOptions, repairFragments, type StripeName } from './repair-fragments.ts';
export { type OutgoingFragment, type PlainSegment, type SealOptions, sealSegments } from './seal-segments.ts';
export { additionalData, openSegment, type SealedPlaintext, type SegmentContext, sealSegment } from './segment.ts';
export { deriveSegmentKey, type SegmentName, type SegmentSecret, type VersionSecret } from './segment-key.ts';
export { combineShares, interpolateShare, type Share, splitSecret } from './shamir.ts';
export {
  decodeShare,
  encodeShare,
  mintSecret,
  type ShareBlock,
  type SplitSecret,
  shareAnew,
  shareBlockBytes,
  shareDigests,
} from './share-block.ts';
export { SealThreads } from './threads/seal-threads.ts';
export { stepBack } from './threads/step-back.ts';
export { unwrapKey, type WrapContext, wrapKey } from './wrap-key.ts';
