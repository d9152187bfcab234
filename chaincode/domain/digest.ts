/** Hashes and signatures: pure functions of their arguments, and the only place where the domain leans on Node (node:crypto). */
import { createPublicKey, hash, type KeyObject, verify } from 'node:crypto';
import { canonicalBytes } from './canonical-json.ts';
import type { CatalogueCard, Digest } from './records.ts';
import { Refusal } from './refusal.ts';

/** SHA-256 in lower-case hex; text is hashed as UTF-8. */
export function sha256(data: Uint8Array | string): Digest {
  return hash('sha256', data, 'hex');
}

/** SHA-256(salt || bytes) in lower-case hex: binds to the bytes and says nothing of them while the salt is kept. */
export function commit(salt: Uint8Array, bytes: Uint8Array): Digest {
  return sha256(Buffer.concat([salt, bytes]));
}

/** What a dataset's `cardCommitment` must be: its card's salt (hex) over the card's canonical JSON. */
export function cardCommitment(card: CatalogueCard): Digest {
  return commit(Buffer.from(card.salt, 'hex'), canonicalBytes(card));
}

/** Reads a P-256 public key in SPKI PEM. Refuses everything else. */
export function readPublicKey(pem: string): KeyObject {
  let key: KeyObject | undefined;
  try {
    key = createPublicKey({ key: pem, format: 'pem', type: 'spki' });
  } catch {
    // Said below: one sentence for all that is not such a key.
  }
  if (key?.asymmetricKeyType !== 'ec' || key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') {
    throw new Refusal('RECORD_INVALID', 'the public key is not an SPKI PEM of a P-256 key');
  }
  return key;
}

/**
 * A public key's name: SHA-256 of its SPKI DER, hex. Statements carry it as `node.keyId`, envelopes as `keyid`. Of a PEM only the
 * bytes are hashed; whether they are a key is `readPublicKey`'s to say.
 */
export function keyIdOf(key: string | KeyObject): Digest {
  if (typeof key !== 'string') return sha256(key.export({ format: 'der', type: 'spki' }));
  return sha256(Buffer.from(key.replace(/-----[A-Z ]+-----|\s/g, ''), 'base64'));
}

/** Says whether the DER-encoded ECDSA signature over SHA-256 of the bytes was made with the key. */
export function signatureHolds(key: KeyObject, bytes: Uint8Array, signature: Uint8Array): boolean {
  try {
    return verify('sha256', bytes, key, signature);
  } catch {
    return false;
  }
}
