/** Doubles for tests only: nothing outside tests imports them. */
export { InProcessChannel } from './in-process-channel.ts';
export { type CallOptions, type Loose, TestGateway } from './test-gateway.ts';
