import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type SlotBlocks, StorageRoutes } from '@d-cloud/network/store';

const program = join(dirname(fileURLToPath(import.meta.resolve('@d-cloud/network/embedded/store'))), 'main.js');

/** Seven embedded storage nodes in three processes, 3 + 2 + 2, as three organizations run them: writes synced, each node its own directory. */
export class Stores implements AsyncDisposable {
  readonly blocks: SlotBlocks;
  readonly #routes: StorageRoutes;
  readonly #processes: readonly ChildProcess[];

  private constructor(routes: StorageRoutes, nodes: readonly string[], processes: readonly ChildProcess[]) {
    this.#routes = routes;
    this.#processes = processes;
    this.blocks = routes.bind(nodes, { words: [] });
  }

  static async start(directory: string, name: string): Promise<Stores> {
    const processes: ChildProcess[] = [];
    const routes = new StorageRoutes({ routes: new Map() });
    const nodes: string[] = [];
    for (const [at, count] of [3, 2, 2].entries()) {
      const config = Array.from({ length: count }, (_, node) => {
        const id = `${name}-${at}-${node}`;
        return { id, directory: join(directory, id), port: 0, token: randomBytes(16).toString('hex') };
      });
      const file = join(directory, `${name}-${at}.json`);
      await writeFile(file, JSON.stringify({ nodes: config, capacityBytes: 2 ** 36 }), { mode: 0o600 });
      const child = spawn(process.execPath, [program, file], { stdio: ['ignore', 'pipe', 'inherit'] });
      processes.push(child);
      const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
      for (const { id, address } of (JSON.parse(line) as { nodes: { id: string; address: string }[] }).nodes) {
        routes.set(id, { kind: 'own', address, token: config.find((one) => one.id === id)!.token });
        nodes.push(id);
      }
    }
    return new Stores(routes, nodes, processes);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#routes[Symbol.asyncDispose]();
    for (const child of this.#processes) {
      child.kill('SIGTERM');
      if (child.exitCode === null) await once(child, 'exit');
    }
  }
}
