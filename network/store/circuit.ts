/** `serving`: ask it. `contained`: do not ask it now. `probing`: its rest is over, and one request tells whether it serves again. */
export type CircuitState = 'serving' | 'contained' | 'probing';

export interface CircuitInit {
  /** Milliseconds of a clock that never goes back. */
  readonly clock: () => number;
  /** Strikes in a row until a storage node is contained. */
  readonly strikes?: number;
  readonly firstRestMs?: number;
  readonly longestRestMs?: number;
}

/** Keeps callers away from one storage node that is slow or fails, and lets a single request try it again after a rest that doubles each time. */
export class Circuit {
  readonly #clock: () => number;
  readonly #limit: number;
  readonly #firstRestMs: number;
  readonly #longestRestMs: number;
  #strikes = 0;
  #restMs = 0;
  #restsUntil = Number.NEGATIVE_INFINITY;
  #probe = false;
  #usualMs: number | undefined;

  constructor({ clock, strikes = 3, firstRestMs = 500, longestRestMs = 5_000 }: CircuitInit) {
    this.#clock = clock;
    this.#limit = strikes;
    this.#firstRestMs = firstRestMs;
    this.#longestRestMs = longestRestMs;
  }

  get state(): CircuitState {
    if (this.#strikes < this.#limit) return 'serving';
    return this.#clock() < this.#restsUntil || this.#probe ? 'contained' : 'probing';
  }

  /** A moving average of how long its answers take, in milliseconds; nothing before the first. */
  get usualMs(): number | undefined {
    return this.#usualMs;
  }

  /** Whether a request may go out now. The one that may while probing must end with `answered`, `struck` or `left`. */
  admit(): boolean {
    const { state } = this;
    if (state === 'probing') this.#probe = true;
    return state !== 'contained';
  }

  answered(tookMs: number): void {
    this.#strikes = 0;
    this.#restMs = 0;
    this.#probe = false;
    this.#usualMs = this.#usualMs === undefined ? tookMs : this.#usualMs * 0.8 + tookMs * 0.2;
  }

  struck(): void {
    this.#strikes += 1;
    this.#probe = false;
    if (this.#strikes < this.#limit) return;
    this.#restMs = Math.min(this.#restMs === 0 ? this.#firstRestMs : this.#restMs * 2, this.#longestRestMs);
    this.#restsUntil = this.#clock() + this.#restMs;
  }

  /** The caller gave up before the answer said anything about the storage node. */
  left(): void {
    this.#probe = false;
  }
}
