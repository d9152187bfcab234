interface Entry {
  latencyMs: number;
  /** How far answers usually are from that, either way. */
  deviationMs: number;
  answers: number;
  faults: number;
  /** Times in a row that it was given up because others were faster. */
  outruns: number;
}

/** Being the slowest of k + 1 happens to everyone once or twice; a slot that it happens to so often is slow. */
const outrunsOfTheSlow = 3;

/** What one reading has learned about its slots: who answers, how fast, who failed or lied. Decides whom to ask first. */
export class SlotBook {
  readonly #entries: readonly Entry[];

  constructor(n: number) {
    this.#entries = Array.from({ length: n }, () => ({
      latencyMs: 0,
      deviationMs: 0,
      answers: 0,
      faults: 0,
      outruns: 0,
    }));
  }

  answered(slot: number, latencyMs: number): void {
    const entry = this.#entry(slot);
    if (entry.answers > 0) {
      entry.deviationMs = 0.7 * entry.deviationMs + 0.3 * Math.abs(latencyMs - entry.latencyMs);
      entry.latencyMs = 0.7 * entry.latencyMs + 0.3 * latencyMs;
    } else entry.latencyMs = latencyMs;
    entry.answers++;
    entry.outruns = 0;
  }

  /** A request that was given up because others were faster: it would have taken at least this long. */
  outrun(slot: number, latencyMs: number): void {
    const entry = this.#entry(slot);
    entry.outruns++;
    if (latencyMs > entry.latencyMs) entry.latencyMs = latencyMs;
  }

  failed(slot: number): void {
    this.#entry(slot).faults++;
  }

  /**
   * The slots in the order to ask them: data slots before parity, because k data fragments need no decoding, except
   * that slots which failed, were outrun again and again, or take three times the usual and 20 ms more, come last.
   */
  order(slots: readonly number[]): number[] {
    const usual = this.#usualMs();
    const rank = (slot: number) => {
      const { faults, latencyMs, outruns } = this.#entry(slot);
      if (faults > 0) return 2 + faults;
      return outruns >= outrunsOfTheSlow || latencyMs > 3 * usual + 20 ? 1 : 0;
    };
    return [...slots].sort((a, b) => rank(a) - rank(b) || a - b);
  }

  /**
   * How long to wait for these slots before asking another: not at all until they are known, then twice what the slowest takes, or its time and
   * four deviations where times vary more than that, as retransmission timers do (RFC 6298): asking more of a machine that is busy makes it no faster.
   */
  patienceMs(slots: readonly number[]): number {
    const known = slots.map((slot) => this.#entry(slot));
    if (known.some(({ answers }) => answers === 0)) return 0;
    return 5 + Math.max(...known.map(({ latencyMs, deviationMs }) => latencyMs + Math.max(latencyMs, 4 * deviationMs)));
  }

  #usualMs(): number {
    const latencies = this.#entries.filter(({ answers }) => answers > 0).map(({ latencyMs }) => latencyMs);
    return latencies.sort((a, b) => a - b)[Math.floor(latencies.length / 2)] ?? 0;
  }

  #entry(slot: number): Entry {
    const entry = this.#entries[slot];
    if (entry === undefined) throw new RangeError(`no slot ${slot}`);
    return entry;
  }
}
