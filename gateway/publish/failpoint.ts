/** Where tests may end the program: the lines between which a crash must leave either all or nothing. List is data, so that a test can walk it. */
export const failpointNames = [
  'publish.begun',
  'publish.first-put',
  'publish.placed',
  'publish.keys-kept',
  'publish.journaled',
  'publish.kept',
  'publish.submitted',
  'publish.recorded',
  'job.secrets-kept',
  'job.requested',
  'job.manifest-kept',
  'job.output-keys-kept',
  'job.finished',
  'repair.first-put',
  'repair.placed',
  'repair.moved',
  'revoke.asked',
  'revoke.submitted',
  'erase.asked',
  'erase.submitted',
  'erase.listed',
  'erase.keys-destroyed',
  'erase.first-cleared',
  'erase.cleared',
  'erase.certified',
  'erase.recorded',
  'rotate.rewrapped',
  'rotate.kept',
  'rotate.destroyed',
  'reseal.begun',
  'reseal.placed',
  'reseal.keys-kept',
  'reseal.kept',
  'reseal.recorded',
  'reseal.superseded',
  'reseal.switched',
  'reseal.cleared',
  'expel.placed',
  'expel.switched',
  'expel.cleared',
] as const;

export type FailpointName = (typeof failpointNames)[number];

/** Passes a named line. */
export type Failpoint = (name: FailpointName) => void;

/** Thrown by an armed failpoint in tests that stay in one process. */
export class FailpointReached extends Error {
  override readonly name = 'FailpointReached';
}

/** Arms the named lines: `name:kill` ends the process as `kill -9` does, `name:throw` throws. Nothing is armed outside tests. */
export function failpoints(armed: readonly string[]): Failpoint {
  const actions = new Map(armed.map((text) => text.split(':', 2) as [string, string | undefined]));
  return (name) => {
    const action = actions.get(name);
    if (action === undefined) return;
    if (action === 'throw') throw new FailpointReached(name);
    process.kill(process.pid, 'SIGKILL');
  };
}
