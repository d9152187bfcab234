import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  descriptionOf,
  type NetworkKind,
  readState,
  startSupervisor,
  stopSupervisor,
} from '@d-cloud/gateway/supervisor';

/** A whole network, as `dcloud up` starts it, in a temporary directory. */
export class RunningNetwork implements AsyncDisposable {
  readonly directory: string;

  private constructor(directory: string) {
    this.directory = directory;
  }

  static async start(kind: NetworkKind = { kind: 'embedded' }): Promise<RunningNetwork> {
    const directory = await mkdtemp(join(tmpdir(), 'bench-network-'));
    await descriptionOf(directory, undefined, kind);
    await startSupervisor(directory, { onStep: () => undefined, withinMs: 180_000 });
    return new RunningNetwork(directory);
  }

  /** The process id of one program, such as `gateway-alder`. */
  async pid(name: string): Promise<number> {
    const pid = (await readState(this.directory))?.processes.find((one) => one.name === name)?.pid;
    if (pid === undefined) throw new Error(`${name} does not run`);
    return pid;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await stopSupervisor(this.directory);
    await rm(this.directory, { recursive: true, force: true });
  }
}
