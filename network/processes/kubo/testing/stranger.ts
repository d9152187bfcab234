import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { ipfsEnvironment } from '../kubo-repository.ts';

/** Someone else's Kubo node, as `ipfs init` founds it, on loopback: it knows nothing of ours and has no key of ours. */
export class Stranger implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #rpc: string;

  private constructor(child: ChildProcess, rpc: string) {
    this.#child = child;
    this.#rpc = rpc;
  }

  static async start(ipfs: string, directory: string): Promise<Stranger> {
    const env = ipfsEnvironment(directory, { isPublic: true });
    await promisify(execFile)(ipfs, ['init', '--empty-repo', '--profile=test,autoconf-off'], { env });
    const child = spawn(ipfs, ['daemon'], { env, stdio: ['ignore', 'pipe', 'ignore'] });
    let rpc = '';
    for await (const line of createInterface({ input: child.stdout })) {
      rpc ||= /^RPC API server listening on \/ip4\/127\.0\.0\.1\/tcp\/(\d+)$/.exec(line)?.[1] ?? '';
      if (line === 'Daemon is ready') return new Stranger(child, `http://127.0.0.1:${rpc}/api/v0/`);
    }
    throw new Error('the stranger’s daemon ended before it was ready');
  }

  /** Dials another node by its multiaddress; whether that worked. */
  async connect(address: string): Promise<boolean> {
    return (await this.#ask(`swarm/connect?arg=${encodeURIComponent(address)}&timeout=20s`)).ok;
  }

  /** A block by its CID: from its own disk or, unless `offline`, from whichever node it is connected with. Nothing when none had it in time. */
  async get(cid: string, { offline = false, withinMs = 20_000 } = {}): Promise<Buffer | undefined> {
    const answer = await this.#ask(`block/get?arg=${cid}&offline=${offline}&timeout=${withinMs}ms`);
    return answer.ok ? Buffer.from(await answer.arrayBuffer()) : undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGKILL');
    await once(this.#child, 'exit');
  }

  #ask(command: string): Promise<Response> {
    return fetch(this.#rpc + command, { method: 'POST' });
  }
}
