export { type FabricChaincode, type FabricChannel, formChannel } from './channel.ts';
export type { RemotePeer } from './connections.ts';
export { type FabricBinaries, findFabric } from './fabric-binaries.ts';
export { type ChannelDoor, firstBlock, joinChannel } from './join-channel.ts';
export { ordererProgram, peerProgram } from './node-programs.ts';
export type { ChaincodeConnection, FabricMember, OrdererNode, PeerNode } from './nodes.ts';
export { everyPeerHasCaughtUp, everyPeerKnowsAll, membersNamed } from './readiness.ts';
export { type FabricNetworkInit, type RunningFabric, startFabric } from './start-fabric.ts';
