/** How sealing and opening can fail without any rule having said no. The value tells callers whether to ask again. */
export const sealFaults = {
  INSUFFICIENT_FRAGMENTS: 'unavailable',
  INSUFFICIENT_SHARES: 'unavailable',
  THREAD_LOST: 'unavailable',
  SEGMENT_CORRUPT: 'corrupt',
  FRAGMENT_CORRUPT: 'corrupt',
  MANIFEST_INVALID: 'corrupt',
  SHARES_INVALID: 'corrupt',
  KEY_INVALID: 'corrupt',
} as const satisfies Record<string, 'unavailable' | 'corrupt'>;

export type SealFaultCode = keyof typeof sealFaults;

/** Machinery failed or bytes are not what they should be. `kind` is `unavailable` (may be asked again) or `corrupt`. */
export class SealFault extends Error {
  override readonly name = 'SealFault';
  readonly code: SealFaultCode;

  constructor(code: SealFaultCode, detail: string, options?: ErrorOptions) {
    super(`${code}: ${detail}`, options);
    this.code = code;
  }

  get kind(): (typeof sealFaults)[SealFaultCode] {
    return sealFaults[this.code];
  }
}
