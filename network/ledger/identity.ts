import { createPrivateKey, type KeyObject } from 'node:crypto';
import { SerializedIdentity } from './messages/index.ts';
import { signLowS } from './signing.ts';

/** Who speaks to the ledger: one enrolled certificate and its key. */
export interface LedgerIdentity {
  readonly mspId: string;
  /** PEM. */
  readonly certificate: string;
  /** A key object, or PKCS#8 PEM. */
  readonly privateKey: KeyObject | string;
}

/** An identity that signs as Fabric wants it. */
export interface Signatory {
  readonly mspId: string;
  readonly certificate: string;
  /** SerializedIdentity bytes, the `creator` of everything it signs. */
  readonly creator: Uint8Array;
  sign(message: Uint8Array): Uint8Array;
}

export function signatory(identity: LedgerIdentity): Signatory {
  const { mspId, certificate, privateKey } = identity;
  const key = typeof privateKey === 'string' ? createPrivateKey(privateKey) : privateKey;
  const creator = SerializedIdentity.encode({ mspId, certificate: Buffer.from(certificate) });
  return { mspId, certificate, creator, sign: (message) => signLowS(key, message) };
}
