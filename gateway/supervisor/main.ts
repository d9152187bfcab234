import { join } from 'node:path';
import { writeConfigs } from './configs.ts';
import { foundNetwork, issueCredentials } from './found.ts';
import { joinConsortium } from './join.ts';
import { endLeftovers } from './leftovers.ts';
import { stagesOf } from './stages.ts';
import { writeState } from './state.ts';
import { Supervisor } from './supervisor.ts';

/** Runs the network of one directory until it is told to stop: the detached process behind `dcloud up`. */
async function main(directory: string): Promise<void> {
  const stop = new Promise((resolve) => {
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
  });
  try {
    await endLeftovers(directory);
    const network = await foundNetwork(directory, new Date());
    await writeConfigs(directory, network);
    const credentials = await issueCredentials(directory, network);
    const searchPath = process.env.PATH ?? '';
    const stages = await stagesOf(directory, network, searchPath, () =>
      joinConsortium(directory, network, credentials),
    );
    await using supervisor = new Supervisor(directory, stages);
    await Promise.race([supervisor.start(), stop]);
    await stop;
  } catch (error) {
    const step = error instanceof Error ? error.message : String(error);
    await writeState(directory, { pid: process.pid, phase: 'failed', step, processes: [] });
    console.error(error);
    process.exitCode = 1;
  }
}

const [directory] = process.argv.slice(2);
if (directory === undefined) throw new Error('usage: supervisor <directory>');
await main(join(directory));
