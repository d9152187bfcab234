/** The powers over bytes, keys and jobs: built from the foundation, disposed before it. */
import type { Foundation, Probe } from './services.ts';

/** What handlers get beside the foundation. */
export type BytePowers = Record<never, never>;

export type OpenBytePowers = AsyncDisposable & {
  readonly powers: BytePowers;
  /** Parts of theirs that /readyz asks. */
  readonly probes: readonly Probe[];
  /** Address of the peer listener, `https://host:port`, once it serves. */
  readonly peerAddress: string | undefined;
  /** This organization's key-encryption public key, base64, as it stands on the ledger. */
  readonly agreementKey: string | undefined;
};

/** Opens key store, stores and the peer listener. Fault `misconfigured` where a file is missing. */
export async function openBytePowers(_foundation: Foundation): Promise<OpenBytePowers> {
  return { powers: {}, probes: [], peerAddress: undefined, agreementKey: undefined, async [Symbol.asyncDispose]() {} };
}
