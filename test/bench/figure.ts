import { cpus, totalmem } from 'node:os';

/** One measured figure. `ratio` is ours by the peer's; `peer`, `ratio` and `holds` are null where the peer is not on this machine. */
export type Figure = {
  readonly metric: string;
  readonly unit: string;
  readonly ours: number;
  readonly peer: number | null;
  readonly peerName: string | null;
  readonly ratio: number | null;
  /** What must hold, as words. */
  readonly bar: string | null;
  readonly holds: boolean | null;
};

export type Report = { readonly name: string; readonly machine: string; readonly figures: readonly Figure[] };

const rounded = (value: number) => Number(value.toPrecision(4));

/** A figure with a bar of its own. */
export function figure(
  metric: string,
  unit: string,
  ours: number,
  bar?: { readonly says: string; readonly holds: boolean },
): Figure {
  const { says = null, holds = null } = bar ?? {};
  return { metric, unit, ours: rounded(ours), peer: null, peerName: null, ratio: null, bar: says, holds };
}

/** A figure beside a peer's, taken in the same run. `peer` is undefined where the peer is not on this machine. */
export function compared(
  metric: string,
  unit: string,
  ours: number,
  peer: { readonly name: string; readonly value: number | undefined },
  bar?: { readonly says: string; readonly holds: (ratio: number) => boolean },
): Figure {
  const ratio = peer.value === undefined ? null : ours / peer.value;
  return {
    metric,
    unit,
    ours: rounded(ours),
    peer: peer.value === undefined ? null : rounded(peer.value),
    peerName: peer.name,
    ratio: ratio === null ? null : rounded(ratio),
    bar: bar?.says ?? null,
    holds: ratio === null || bar === undefined ? null : bar.holds(ratio),
  };
}

/** Processor, cores, memory and Node of this machine in one line. */
export function machine(): string {
  const [cpu] = cpus();
  return `${cpus().length} × ${cpu?.model.trim() ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`;
}

/** The p-th quantile (0 to 1) of samples. */
export function quantile(samples: readonly number[], p: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))] ?? Number.NaN;
}
