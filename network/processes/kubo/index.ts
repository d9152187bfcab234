export { findIpfs, type IpfsBinary } from './ipfs-binary.ts';
export type { PublicSwarm } from './kubo-config.ts';
export { type KuboNodeInit, type RunningKubo, startKubo } from './kubo-process.ts';
export { kuboProgram } from './kubo-program.ts';
export { peerIdIn } from './kubo-repository.ts';
