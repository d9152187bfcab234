import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { findIpfs, type IpfsBinary, startKubo } from '@d-cloud/network/processes/kubo';
import { type SlotBlocks, type StorageRoute, StorageRoutes } from '@d-cloud/network/store';

const program = join(dirname(fileURLToPath(import.meta.resolve('@d-cloud/network/embedded/store'))), 'main.js');
const capacityBytes = 2 ** 36;

/** How an embedded storage node is to misbehave: the query of its fault switch. */
export type Misbehaviour = 'mode=none' | 'mode=silent' | `mode=slow&bytes-per-second=${number}`;

/** Seven storage nodes of three organizations, 3 + 2 + 2: each a directory of its own, every write synced, all reached by the store client. */
export interface Stores extends AsyncDisposable {
  readonly blocks: SlotBlocks;
  /** The processes that serve them. */
  readonly pids: readonly number[];
  /** The same nodes through connections of its own, of which nothing is known yet: what every opening in a gateway begins with. */
  reached(): { readonly blocks: SlotBlocks } & AsyncDisposable;
}

/** Embedded storage nodes can be told to misbehave. */
export interface EmbeddedStores extends Stores {
  misbehave(slot: number, how: Misbehaviour): Promise<void>;
}

type Served = { readonly id: string; readonly route: Extract<StorageRoute, { kind: 'own' }> };

const mintToken = () => randomBytes(16).toString('hex');

/** Embedded storage nodes, one process per organization. */
export async function startEmbedded(directory: string, name: string): Promise<EmbeddedStores> {
  const processes: ChildProcess[] = [];
  const served: Served[] = [];
  for (const [at, count] of [3, 2, 2].entries()) {
    const nodes = Array.from({ length: count }, (_, node) => {
      const id = `${name}-${at}-${node}`;
      return { id, directory: join(directory, id), port: 0, token: mintToken() };
    });
    const file = join(directory, `${name}-${at}.json`);
    await writeFile(file, JSON.stringify({ nodes, capacityBytes, faults: true }), { mode: 0o600 });
    const child = spawn(process.execPath, [program, file], { stdio: ['ignore', 'pipe', 'inherit'] });
    processes.push(child);
    const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
    for (const { id, address } of (JSON.parse(line) as { nodes: { id: string; address: string }[] }).nodes)
      served.push({ id, route: { kind: 'own', address, token: nodes.find((one) => one.id === id)!.token } });
  }
  const stores = storesOf(
    served,
    processes.map(({ pid }) => pid ?? 0),
    async () => {
      for (const child of processes) {
        child.kill('SIGTERM');
        if (child.exitCode === null) await once(child, 'exit');
      }
    },
  );
  return {
    ...stores,
    async misbehave(slot, how) {
      const { address, token } = served[slot]!.route;
      const headers = { Authorization: `Bearer ${token}` };
      const answer = await fetch(`${address}/api/v0/fault?${how}`, { method: 'POST', headers });
      if (!answer.ok) throw new Error(`the fault switch answered ${answer.status}`);
    },
  };
}

/** Kubo's program, or nothing where it is not on PATH. */
export function ipfsHere(): Promise<IpfsBinary | undefined> {
  return findIpfs({ searchPath: process.env.PATH ?? '' }).catch(() => undefined);
}

/** Kubo nodes as a real network runs them: private, every block synced to disk as the embedded ones do. */
export async function startKubos(directory: string, name: string, binary: IpfsBinary): Promise<Stores> {
  await using starting = new AsyncDisposableStack();
  const nodes = await Promise.all(
    Array.from({ length: 7 }, async (_, at) => {
      const id = `${name}-${at}`;
      const token = mintToken();
      const kubo = starting.use(
        await startKubo({ id, binary, directory: join(directory, id), port: 0, token, capacityBytes }),
      );
      return { id, pid: kubo.pid, route: { kind: 'own' as const, address: kubo.address, token } };
    }),
  );
  const running = starting.move();
  return storesOf(
    nodes,
    nodes.map(({ pid }) => pid),
    () => running.disposeAsync(),
  );
}

function storesOf(served: readonly Served[], pids: readonly number[], stop: () => Promise<void>): Stores {
  const ids = served.map(({ id }) => id);
  const reach = () => {
    const routes = new StorageRoutes({ routes: new Map(served.map(({ id, route }) => [id, route])) });
    return {
      blocks: routes.bind(ids, { words: [] }),
      [Symbol.asyncDispose]: () => routes[Symbol.asyncDispose](),
    };
  };
  const first = reach();
  return {
    blocks: first.blocks,
    pids,
    reached: reach,
    async [Symbol.asyncDispose]() {
      await first[Symbol.asyncDispose]();
      await stop();
    },
  };
}
