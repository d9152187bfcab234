/** Why the store says no, and how a caller should treat it. Asking again changes nothing. */
export const storeRefusals = {
  BLOCK_NOT_FOUND: 'absent',
  BLOCK_FORBIDDEN: 'forbidden',
  QUOTA_EXCEEDED: 'forbidden',
  BLOCK_CONFLICT: 'conflict',
  CID_INVALID: 'invalid',
  BLOCK_INVALID: 'invalid',
  PLACEMENT_IMPOSSIBLE: 'conflict',
} as const;

export type StoreRefusalCode = keyof typeof storeRefusals;

/** A rule of the store, or of the organization that holds the block, said no. */
export class StoreRefusal extends Error {
  override readonly name = 'Refusal';
  readonly code: StoreRefusalCode;
  readonly detail: string;

  constructor(code: StoreRefusalCode, detail: string) {
    super(`${code}: ${detail}`);
    this.code = code;
    this.detail = detail;
  }

  get kind(): (typeof storeRefusals)[StoreRefusalCode] {
    return storeRefusals[this.code];
  }
}
