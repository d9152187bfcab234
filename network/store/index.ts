export { acknowledged, type PlacedFragment } from './acknowledged.ts';
export type { BlockOptions, BlockStore } from './block-store.ts';
export { type BlockCid, cidOf, isBlockOf, maxBlockBytes, parseCid } from './cid.ts';
export type { CircuitState } from './circuit.ts';
export { type BlockRight, OtherGateway, type PeerTls } from './gateway-node.ts';
export type { NodeUsage } from './kubo-control.ts';
export { OwnNode, type OwnNodeInit } from './own-node.ts';
export type { Patience } from './patience.ts';
export {
  type Dispersal,
  organizationLimit,
  type PlaceableNode,
  type Placement,
  place,
  type StoragePromise,
} from './place.ts';
export { StoreRefusal, type StoreRefusalCode } from './refusal.ts';
export { type SlotBlocks, type StorageRoute, StorageRoutes } from './storage-routes.ts';
