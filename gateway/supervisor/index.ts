export { isFree } from './ports.ts';
export { holdProcess, releaseProcess, startSupervisor, stopSupervisor } from './start.ts';
export { readState, type SupervisorState } from './state.ts';
