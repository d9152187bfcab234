/** Machinery failed while a model was open. The kinds are those of the ledger's faults, so that callers treat them alike. */
export class InferenceFault extends Error {
  override readonly name = 'InferenceFault';
  readonly kind: 'timeout' | 'unavailable' | 'corrupt' | 'misconfigured';

  constructor(kind: InferenceFault['kind'], message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.kind = kind;
  }
}
