import type { JobId } from '@d-cloud/chaincode/domain';

export type Heartbeat = {
  readonly job: JobId;
  readonly partition: number;
  readonly token: number;
  readonly rowsDone: number;
  readonly stage: string;
};

type Pulse = { readonly token: number; readonly atMs: number; readonly rowsDone: number; readonly stage: string };

/** The last sign of life of each claim, on this gateway's own clock (milliseconds that never go back). Kept in memory: after a restart every claim gets a full term. */
export class Heartbeats {
  readonly #pulses = new Map<string, Pulse>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Takes a sign of life; an older token's is ignored. */
  hear({ job, partition, token, rowsDone, stage }: Heartbeat): void {
    const name = nameOf(job, partition);
    const known = this.#pulses.get(name);
    if (known !== undefined && known.token > token) return;
    const most = known?.token === token ? Math.max(known.rowsDone, rowsDone) : rowsDone;
    this.#pulses.set(name, { token, atMs: this.#now(), rowsDone: most, stage });
  }

  /** Milliseconds since the claim last showed life; the first question about a claim counts as its first sign. */
  silenceMs(job: JobId, partition: number, token: number): number {
    const known = this.#pulses.get(nameOf(job, partition));
    if (known?.token === token) return this.#now() - known.atMs;
    this.hear({ job, partition, token, rowsDone: 0, stage: 'claimed' });
    return 0;
  }

  progress(job: JobId, partition: number, token: number): { rowsDone: number; stage: string } | undefined {
    const known = this.#pulses.get(nameOf(job, partition));
    return known?.token === token ? { rowsDone: known.rowsDone, stage: known.stage } : undefined;
  }

  forget(job: JobId): void {
    for (const name of this.#pulses.keys()) if (name.startsWith(`${job}:`)) this.#pulses.delete(name);
  }
}

function nameOf(job: JobId, partition: number): string {
  return `${job}:${partition}`;
}
