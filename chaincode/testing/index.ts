/** Doubles for tests only: nothing outside tests imports them. */
export { type TestIdentity, testIdentity } from './certificate.ts';
export { type CallOptions, Consortium, type Simulation } from './consortium.ts';
export { ChannelState, type ReadWriteSet } from './state.ts';
export { type Proposal, SimulationStub } from './stub.ts';
