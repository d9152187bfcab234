import { spawn } from 'node:child_process';
import { watch } from 'node:fs';
import { mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isFree } from '@d-cloud/network/processes/program';
import { holdFile } from './child.ts';
import { parseDescription, portsOf } from './description.ts';
import { layoutOf } from './layout.ts';
import { endLeftovers } from './leftovers.ts';
import { hasEnded, isOurs, readState, type SupervisorState } from './state.ts';

export type StartOptions = { readonly onStep: (step: string) => void; readonly withinMs: number };

/** Starts a directory's network in the background and answers when everything serves. One that serves already is left as it is. */
export async function startSupervisor(directory: string, { onStep, withinMs }: StartOptions): Promise<SupervisorState> {
  await mkdir(join(directory, 'run'), { recursive: true, mode: 0o700 });
  await mkdir(join(directory, 'logs'), { recursive: true, mode: 0o700 });
  const running = await readState(directory);
  if (running && isOurs(running.pid, directory) && running.phase === 'ready') return running;
  if (!running || !isOurs(running.pid, directory)) {
    await endLeftovers(directory);
    await refuseTakenPorts(directory);
    const log = await open(join(directory, 'logs', 'supervisor.log'), 'a');
    const main = fileURLToPath(new URL('./main.js', import.meta.url));
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, directory], {
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
    });
    await log.close();
    child.unref();
    const died = new Promise<never>((_, reject) => {
      child.once('exit', () =>
        readState(directory).then(
          (state) => reject(new Error(state?.pid === child.pid ? state?.step : 'the supervisor died')),
          reject,
        ),
      );
    });
    return Promise.race([died, reach(directory, child.pid, onStep, withinMs)]);
  }
  return reach(directory, running.pid, onStep, withinMs);
}

/** Stops a directory's network and everything it left behind. Answers whether something ran. */
export async function stopSupervisor(directory: string): Promise<boolean> {
  const state = await readState(directory);
  const runs = state !== undefined && isOurs(state.pid, directory);
  if (runs) {
    process.kill(state.pid, 'SIGTERM');
    const until = performance.now() + 30_000;
    while (!hasEnded(state.pid) && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 50));
    if (isOurs(state.pid, directory)) process.kill(state.pid, 'SIGKILL');
  }
  const left = await endLeftovers(directory);
  return runs || left.length > 0;
}

/**
 * Stops a process of a running network and keeps it down until it is released: for drills and for showing what survives. A name
 * that several begin with means all of them: `storage-alder` also where that organization has a program per node.
 */
export async function holdProcess(directory: string, name: string): Promise<void> {
  const held = await processesMeant(directory, name);
  for (const one of held) await writeFile(holdFile(join(directory, 'run'), one.name), '');
  for (const { pid } of held) {
    if (pid === undefined || !isOurs(pid, directory)) continue;
    process.kill(pid, 'SIGKILL');
    while (!hasEnded(pid)) await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Lets a held process, or all whose names begin so, start again. */
export async function releaseProcess(directory: string, name: string): Promise<void> {
  for (const one of await processesMeant(directory, name))
    await rm(holdFile(join(directory, 'run'), one.name), { force: true });
}

async function processesMeant(directory: string, name: string): Promise<SupervisorState['processes']> {
  const { phase, processes = [] } = (await readState(directory)) ?? {};
  if (phase !== 'starting' && phase !== 'ready') throw new Error('No network runs here. Start it with: dcloud up');
  const meant = processes.filter((one) => isMeant(one.name, name));
  if (meant.length > 0) return meant;
  throw new Error(`No process "${name}" here: one of ${processes.map((one) => one.name).join(', ') || 'none yet'}`);
}

const isMeant = (process: string, name: string) => process === name || process.startsWith(`${name}-`);

async function reach(
  directory: string,
  pid: number | undefined,
  onStep: (step: string) => void,
  withinMs: number,
): Promise<SupervisorState> {
  let step = '';
  const { promise, resolve, reject } = Promise.withResolvers<SupervisorState>();
  const look = async () => {
    const state = await readState(directory);
    if (state === undefined || state.pid !== pid) return;
    if (state.step !== step && state.phase === 'starting') onStep(state.step);
    step = state.step;
    if (state.phase === 'ready') resolve(state);
    if (state.phase === 'failed') reject(new Error(state.step));
    if (state.phase === 'stopped') reject(new Error('The network was stopped while it started.'));
  };
  // One look after the other: two reads of the state at once may come back in the wrong order.
  let looking = Promise.resolve();
  const watcher = watch(join(directory, 'run'), () => {
    looking = looking.then(look).catch(reject);
  });
  const timer = setTimeout(
    () =>
      reject(
        new Error(
          `The network is not ready after ${withinMs / 1000} s, at: ${step}. Its logs are in ${join(directory, 'logs')}`,
        ),
      ),
    withinMs,
  );
  try {
    await look();
    return await promise;
  } finally {
    watcher.close();
    clearTimeout(timer);
  }
}

/** A stranger on one of our ports must not look like readiness, and deserves a sentence. */
async function refuseTakenPorts(directory: string): Promise<void> {
  const text = await readFile(layoutOf(directory).description, 'utf8').catch(() => undefined);
  const described = text === undefined ? undefined : parseDescription(text);
  if (described === undefined) return;
  for (const { port, address } of portsOf(described)) {
    if (await isFree(port, address)) continue;
    throw new Error(
      `Port ${port} on this machine is taken by another program, and the network in ${directory} needs it: stop that program, or start another network with --directory <empty folder>.`,
    );
  }
}
