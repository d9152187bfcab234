import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { Fault } from '../../ledger/fault.ts';
import { OwnNode } from '../../store/index.ts';
import type { IpfsBinary } from './ipfs-binary.ts';
import type { PublicSwarm } from './kubo-config.ts';
import { ipfsEnvironment, prepareRepository } from './kubo-repository.ts';

/** A Kubo node to be started: its id on the ledger, its repository, the port (0 for any) and bearer token of its RPC. */
export interface KuboNodeInit {
  readonly id: string;
  readonly binary: IpfsBinary;
  readonly directory: string;
  readonly port: number;
  readonly token: string;
  readonly capacityBytes: number;
  /** The key of a private libp2p network, 32 bytes in hex. Without one the node connects with nobody. */
  readonly swarmKey?: string;
  /** Given, the node is one of the public IPFS network instead. */
  readonly publicSwarm?: PublicSwarm | undefined;
  /** How long it may take until it answers, default 60 s. */
  readonly readyWithinMs?: number;
}

/** A Kubo node that answers. `ended` resolves with a sentence when its process has ended; disposing it stops it and waits for the end. */
export interface RunningKubo extends AsyncDisposable {
  readonly id: string;
  readonly address: string;
  readonly peerId: string;
  /** Where other IPFS nodes reach it over TCP: `/ip4/<address>/tcp/<port>/p2p/<peer id>`. */
  readonly swarmAddresses: readonly string[];
  readonly pid: number;
  readonly ended: Promise<string>;
}

const stopsWithinMs = 15_000;

/**
 * Starts `ipfs daemon` on a private repository. It is ready when whoever listens where this very process says it listens answers our token with the peer id of the repository,
 * so that a stranger on the port is never taken for it.
 * @throws Fault when the process ends first (its own last words are in the text), does not answer in time, or is someone else
 */
export async function startKubo(init: KuboNodeInit): Promise<RunningKubo> {
  const { id, binary, directory, token } = init;
  const peerId = await prepareRepository(binary.path, directory, init);
  const child = spawn(binary.path, ['daemon', '--migrate=false'], {
    env: ipfsEnvironment(directory, { isPublic: init.publicSwarm !== undefined }),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  await using starting = new AsyncDisposableStack();
  starting.defer(() => stop(child));
  const process = watch(child, id);
  const deadline = AbortSignal.timeout(init.readyWithinMs ?? 60_000);
  const late = Promise.withResolvers<never>();
  deadline.addEventListener('abort', () => late.reject(new Fault('timeout', `Kubo node ${id} was not ready in time`)));
  const failed = process.ended.then((words) => {
    throw new Fault('unavailable', words);
  });
  // Whichever loses the race is still listened to, or it would count as unhandled.
  failed.catch(() => {});
  late.promise.catch(() => {});
  const address = await Promise.race([process.address, failed, late.promise]);
  await using node = new OwnNode({ id, address, token });
  const answered = await Promise.race([node.control.identity({ signal: deadline }), failed, late.promise]);
  if (answered.peerId !== peerId) {
    throw new Fault('misconfigured', `someone else than Kubo node ${id} answers at ${address}; free that port`);
  }
  const running = starting.move();
  return {
    id,
    address,
    peerId,
    swarmAddresses: process.swarm().map((place) => `${place}/p2p/${peerId}`),
    pid: child.pid ?? 0,
    ended: process.ended,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

interface WatchedProcess {
  readonly address: Promise<string>;
  readonly ended: Promise<string>;
  /** Multiaddresses at which it said it listens for other nodes. */
  swarm(): readonly string[];
}

/** Reads what the daemon prints: where its RPC listens, and the last thing it said before it ended. */
function watch(child: ChildProcess, id: string): WatchedProcess {
  const address = Promise.withResolvers<string>();
  const ended = Promise.withResolvers<string>();
  let lastWords = '';
  let listens: string | undefined;
  const swarm: string[] = [];
  createInterface({ input: child.stdout! }).on('line', (line) => {
    const port = /^RPC API server listening on \/ip4\/127\.0\.0\.1\/tcp\/(\d+)$/.exec(line)?.[1];
    if (port !== undefined) listens = `http://127.0.0.1:${port}`;
    const [, host, swarmPort] = /^Swarm listening on (\d+(?:\.\d+){3}):(\d+) \(TCP/.exec(line) ?? [];
    if (host !== undefined) swarm.push(`/ip4/${host}/tcp/${swarmPort}`);
    if (line === 'Daemon is ready' && listens !== undefined) address.resolve(listens);
  });
  createInterface({ input: child.stderr! }).on('line', (line) => {
    if (line.trim() !== '') lastWords = line.trim().slice(0, 500);
  });
  child.once('error', (cause) => ended.resolve(`Kubo node ${id} cannot be started: ${cause.message}`));
  child.once('close', (code, signal) =>
    ended.resolve(`Kubo node ${id} ended (${signal ?? `status ${code}`})${lastWords === '' ? '' : `: ${lastWords}`}`),
  );
  return { address: address.promise, ended: ended.promise, swarm: () => swarm };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  child.once('exit', () => resolve());
  child.kill('SIGTERM');
  const impatient = setTimeout(() => child.kill('SIGKILL'), stopsWithinMs);
  await promise;
  clearTimeout(impatient);
}
