export { layoutOf } from './layout.ts';
export { isFree } from './ports.ts';
export { startSupervisor, stopSupervisor } from './start.ts';
export { readState, type SupervisorState } from './state.ts';
