/** Why machinery failed: each kind has one way of going on, so callers switch on it and never on texts. */
export type FaultKind = 'timeout' | 'unavailable' | 'contended' | 'disagreed' | 'corrupt' | 'misconfigured';

/** Whether asking again with the same idempotency key may work. */
const retryable: Record<FaultKind, boolean> = {
  timeout: true,
  unavailable: true,
  contended: true,
  disagreed: true,
  corrupt: false,
  misconfigured: false,
};

export interface FaultOptions {
  /** The foreign error, kept whole. */
  readonly cause?: unknown;
  readonly retryable?: boolean;
  /** It ends by itself within seconds: programs that have just started and still have to hear of each other. */
  readonly passing?: boolean;
  /** Set when a transaction was sent and its outcome is unknown: ask `statusOf` before anything else. */
  readonly transactionId?: string;
}

/** Machinery failed, as opposed to a rule saying no. The foreign error is kept as `cause`. */
export class Fault extends Error {
  override readonly name = 'Fault';
  readonly kind: FaultKind;
  readonly retryable: boolean;
  readonly passing: boolean;
  readonly transactionId: string | undefined;

  constructor(kind: FaultKind, message: string, options: FaultOptions = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.kind = kind;
    this.retryable = options.retryable ?? retryable[kind];
    this.passing = options.passing ?? false;
    this.transactionId = options.transactionId;
  }
}
