export { everyPeerKnowsAll, type FabricChaincode, type FabricChannel, formChannel } from './channel.ts';
export { type FabricBinaries, findFabric } from './fabric-binaries.ts';
export { type ChaincodeConnection, type FabricMember, ordererProgram, peerProgram } from './node-programs.ts';
export { type FabricNetworkInit, type RunningFabric, startFabric } from './start-fabric.ts';
