import { isOurs, readState } from './state.ts';

/** Whether an organization's gateway runs, or its supervisor may start it at any moment; not while it is held down. */
export async function gatewayRuns(directory: string, organization: string): Promise<boolean> {
  const state = await readState(directory);
  if (state === undefined) return false;
  const gateway = state.processes.find(({ name }) => name === `gateway-${organization}`);
  // A supervisor that was killed leaves its programs running.
  if (gateway?.pid !== undefined && isOurs(gateway.pid, directory)) return true;
  return (
    state.phase !== 'failed' && state.phase !== 'stopped' && isOurs(state.pid, directory) && gateway?.state !== 'held'
  );
}
