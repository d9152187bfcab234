import { join } from 'node:path';
import { removeLeftovers } from '../backup/leftovers.ts';
import { refuseExpired } from './certificates.ts';
import { writeConfigs } from './configs.ts';
import { foundNetwork, issueCredentials } from './found.ts';
import { joinConsortium } from './join.ts';
import { layoutOf } from './layout.ts';
import { endLeftovers } from './leftovers.ts';
import { generationOf } from './real-ledger.ts';
import { stagesOf } from './stages.ts';
import { writeState } from './state.ts';
import { Supervisor } from './supervisor.ts';

/** Runs the network of one directory until it is told to stop: the detached process behind `dcloud up`. */
async function main(directory: string): Promise<void> {
  const stopping = new AbortController();
  const stop = new Promise((resolve) => stopping.signal.addEventListener('abort', resolve));
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => stopping.abort());
  try {
    await endLeftovers(directory);
    const network = await foundNetwork(directory, new Date());
    for (const { name } of network.description.organizations) {
      const { gateway } = layoutOf(directory).ofOrganization(name);
      for (const place of [gateway, join(gateway, '..')]) await removeLeftovers(place, new Date());
    }
    await refuseExpired(directory, network.description, new Date());
    const searchPath = process.env.PATH ?? '';
    await writeConfigs(directory, network, await generationOf(network.description, searchPath));
    const credentials = await issueCredentials(directory, network);
    const stages = await stagesOf(directory, network, {
      searchPath,
      signal: stopping.signal,
      afterGateways: (members) => joinConsortium(directory, network, credentials, { members, signal: stopping.signal }),
    });
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
