import { join } from 'node:path';
import { type RunningProgram, startProgram } from '../program/index.ts';
import { type FabricChannel, formChannel } from './channel.ts';
import type { FabricBinaries } from './fabric-binaries.ts';
import { ordererProgram, peerProgram } from './node-programs.ts';
import { dialled, type FabricMember } from './nodes.ts';
import { everyPeerHasCaughtUp, everyPeerKnowsAll } from './readiness.ts';

/** The chaincodes' services must be listening. */
export interface FabricNetworkInit extends FabricChannel {
  readonly binaries: FabricBinaries;
  readonly members: readonly FabricMember[];
  /** Gets `logs/` and `run/`, where whoever cleans up after a crash finds the process ids. */
  readonly directory: string;
  /** Longest time until everything serves, default 120 s. */
  readonly readyWithinMs?: number;
}

/** A Fabric network of one machine that serves; disposing stops its processes, and starting it again goes on with the data. */
export interface RunningFabric extends AsyncDisposable {
  /** `host:port` of each organization's first peer, by MSP id. */
  readonly addresses: Readonly<Record<string, string>>;
  /** By the names of the members' nodes. */
  readonly programs: ReadonlyMap<string, RunningProgram>;
}

/**
 * Starts the real orderers and peers of every member as processes, forms the channel with its chaincodes and waits
 * until each peer knows all. @throws Fault with the sentence of the first thing that went wrong; nothing is left running
 */
export async function startFabric(init: FabricNetworkInit): Promise<RunningFabric> {
  const { binaries, channel, members, chaincodes, directory, readyWithinMs = 120_000 } = init;
  const signal = AbortSignal.timeout(readyWithinMs);
  await using starting = new AsyncDisposableStack();
  const prepared = await Promise.all(
    members.flatMap(({ orderers, peers }) => [
      ...orderers.map((node) => ordererProgram(node, binaries)),
      ...peers.map((node) => peerProgram(node, binaries)),
    ]),
  );
  const started = await Promise.allSettled(
    prepared.map(async (program) =>
      starting.use(
        await startProgram(program, {
          logFile: join(directory, 'logs', `${program.name}.log`),
          pidFile: join(directory, 'run', `${program.name}.pid`),
          readyWithinMs,
        }),
      ),
    ),
  );
  const failed = started.find((one) => one.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  await formChannel(members, init, signal);
  await everyPeerHasCaughtUp(members, channel, { signal });
  for (const { definition } of chaincodes) {
    await everyPeerKnowsAll(members, { channel, name: definition.name }, signal);
  }
  const programs = new Map(started.flatMap((one) => (one.status === 'fulfilled' ? [[one.value.name, one.value]] : [])));
  const running = starting.move();
  return {
    addresses: Object.fromEntries(members.map(({ mspId, peers: [peer] }) => [mspId, `${dialled(peer)}:${peer.port}`])),
    programs,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
