/** How a caller should treat a refusal: it names nothing, clashes with what is there, is not allowed, or is not well formed. */
export type RefusalKind = 'absent' | 'conflict' | 'forbidden' | 'invalid';

/** Why the rules can say no. The key is the code that travels in texts; the value tells every caller how to treat it. */
export const refusals = {
  ORGANIZATION_NOT_FOUND: 'absent',
  DATASET_NOT_FOUND: 'absent',
  VERSION_NOT_FOUND: 'absent',
  GRANT_NOT_FOUND: 'absent',
  MODEL_NOT_FOUND: 'absent',
  JOB_NOT_FOUND: 'absent',
  PARTITION_NOT_FOUND: 'absent',
  STORAGE_NODE_NOT_FOUND: 'absent',
  COMPUTE_NODE_NOT_FOUND: 'absent',
  ACCESS_NOT_FOUND: 'absent',
  AUDIT_NOT_FOUND: 'absent',
  ERASURE_NOT_FOUND: 'absent',
  REPAIR_NOT_FOUND: 'absent',
  PURPOSES_NOT_DEFINED: 'absent',
  RECORD_EXISTS: 'conflict',
  IDEMPOTENCY_MISMATCH: 'conflict',
  STATE_CONFLICT: 'conflict',
  PARTITION_CLAIMED: 'conflict',
  FENCED: 'conflict',
  CALLER_NOT_OWNER: 'forbidden',
  ORGANIZATION_LEFT: 'forbidden',
  ROLE_MISSING: 'forbidden',
  GRANT_NOT_ISSUED: 'forbidden',
  GRANT_REVOKED: 'forbidden',
  GRANT_EXPIRED: 'forbidden',
  GRANT_EXHAUSTED: 'forbidden',
  GRANT_MISMATCH: 'forbidden',
  PURPOSE_MISMATCH: 'forbidden',
  MODEL_NOT_GRANTED: 'forbidden',
  MODEL_NOT_APPROVED: 'forbidden',
  MODEL_REVOKED: 'forbidden',
  MODEL_DIGEST_MISMATCH: 'forbidden',
  EXECUTOR_NOT_ALLOWED: 'forbidden',
  ACTION_NOT_GRANTED: 'forbidden',
  NODE_NOT_ACTIVE: 'forbidden',
  DATASET_RETIRED: 'forbidden',
  DATASET_HELD: 'forbidden',
  ERASED: 'forbidden',
  ATTESTATION_INVALID: 'forbidden',
  PURPOSE_UNKNOWN: 'invalid',
  RECORD_INVALID: 'invalid',
  RECORD_TOO_NEW: 'invalid',
} as const satisfies Record<string, RefusalKind>;

export type RefusalCode = keyof typeof refusals;

/** A rule said no. Every honest peer would say the same, so asking again changes nothing. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: RefusalCode;
  readonly detail: string;

  constructor(code: RefusalCode, detail: string) {
    super(`${code}: ${detail}`);
    this.code = code;
    this.detail = detail;
  }

  get kind(): RefusalKind {
    return refusals[this.code];
  }
}

/** Finds the refusal inside text that a peer sent back, or nothing when the text is a fault's. */
export function readRefusal(text: string): Refusal | undefined {
  const match = /(?:^|chaincode response \d+, )([A-Z]+(?:_[A-Z]+)*): (.*)$/s.exec(text);
  const code = match?.[1];
  return code !== undefined && Object.hasOwn(refusals, code)
    ? new Refusal(code as RefusalCode, match?.[2] ?? '')
    : undefined;
}
