export { holdFile } from './child.ts';
export type { NetworkKind } from './description.ts';
export { descriptionOf } from './found.ts';
export { gatewayRuns } from './gateway-runs.ts';
export { layoutOf } from './layout.ts';
export { holdProcess, releaseProcess, startSupervisor, stopSupervisor } from './start.ts';
export { readState, type SupervisorState } from './state.ts';
