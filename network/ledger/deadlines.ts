/** How long each stage may take, in milliseconds; Fabric's gateway has no default of its own and may wait for ever. */
export interface Deadlines {
  readonly evaluateMs: number;
  readonly endorseMs: number;
  readonly submitMs: number;
  /** Waiting for the block; the peer would wait for ever for an id it never sees. */
  readonly commitMs: number;
  /** All attempts of one submit together. */
  readonly totalMs: number;
}

export const defaultDeadlines: Deadlines = {
  evaluateMs: 15_000,
  endorseMs: 30_000,
  submitMs: 15_000,
  commitMs: 30_000,
  totalMs: 120_000,
};
