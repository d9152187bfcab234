import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Child, type ProgramSpec } from './child.ts';
import { type SupervisorState, writeState } from './state.ts';

/** Programs that start together; a stage begins when all of the one before serve. */
export type Stage = {
  readonly step: string;
  readonly programs: readonly ProgramSpec[];
  readonly after?: () => Promise<void>;
};

/** Runs a network's programs in stages, keeps them running, and tells its state in a file. */
export class Supervisor implements AsyncDisposable {
  readonly #directory: string;
  readonly #stages: readonly Stage[];
  readonly #children: Child[] = [];
  #phase: SupervisorState['phase'] = 'starting';
  #step = 'starting';
  #writing: Promise<void> = Promise.resolve();

  constructor(directory: string, stages: readonly Stage[]) {
    this.#directory = directory;
    this.#stages = stages;
  }

  /** Starts every stage in order; on failure stops what runs, and says why in the state. */
  async start(): Promise<void> {
    const options = {
      runDirectory: join(this.#directory, 'run'),
      logDirectory: join(this.#directory, 'logs'),
      onChange: () => this.#tell(),
    };
    await mkdir(options.runDirectory, { recursive: true });
    await mkdir(options.logDirectory, { recursive: true });
    try {
      for (const { step, programs, after } of this.#stages) {
        this.#step = step;
        const started = programs.map((spec) => new Child(spec, options));
        this.#children.push(...started);
        await Promise.all(started.map((child) => child.start()));
        await after?.();
      }
      this.#phase = 'ready';
      this.#step = 'everything serves';
    } catch (error) {
      this.#step = error instanceof Error ? error.message : String(error);
      await this.#stopAll();
      this.#phase = 'failed';
      throw error;
    } finally {
      this.#tell();
      await this.#writing;
    }
  }

  /** Stops in the opposite order of starting. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#phase = 'stopping';
    this.#step = 'stopping';
    await this.#stopAll();
    this.#phase = 'stopped';
    this.#step = 'the data stays; dcloud up goes on with it';
    this.#tell();
    await this.#writing;
  }

  async #stopAll(): Promise<void> {
    const byStage = Map.groupBy(this.#children, (child) =>
      this.#stages.findIndex(({ programs }) => programs.includes(child.spec)),
    );
    for (const stage of [...byStage.keys()].sort((a, b) => b - a)) {
      await Promise.all((byStage.get(stage) ?? []).map((child) => child.stop()));
    }
  }

  #tell(): void {
    const state: SupervisorState = {
      pid: process.pid,
      phase: this.#phase,
      step: this.#step,
      processes: this.#children.map(({ spec, state, pid, restarts }) => ({ name: spec.name, state, pid, restarts })),
    };
    this.#writing = this.#writing.then(() => writeState(this.#directory, state)).catch(() => undefined);
  }
}
