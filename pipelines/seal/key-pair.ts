import { createPrivateKey, createPublicKey, diffieHellman, generateKeyPairSync } from 'node:crypto';
import { SealFault } from './fault.ts';

/** An X25519 key pair (RFC 7748) as 32 raw bytes each. */
export interface KeyPair {
  readonly publicKey: Uint8Array;
  readonly privateKey: Uint8Array;
}

const publicPrefix = Buffer.from('302a300506032b656e032100', 'hex');
const privatePrefix = Buffer.from('302e020100300506032b656e04220420', 'hex');
/** 2^255 - 19, little-endian: coordinates at or above it are a second name for a smaller one. */
const prime = Buffer.from(`ed${'ff'.repeat(30)}7f`, 'hex');

export function generateKeyPair(): KeyPair {
  const { publicKey, privateKey } = generateKeyPairSync('x25519');
  return {
    publicKey: publicKey.export({ type: 'spki', format: 'der' }).subarray(publicPrefix.length),
    privateKey: privateKey.export({ type: 'pkcs8', format: 'der' }).subarray(privatePrefix.length),
  };
}

/** The public key that belongs to a private one, for a key read back from its store. */
export function publicKeyOf(privateKey: Uint8Array): Uint8Array {
  const key = createPrivateKey({ key: Buffer.concat([privatePrefix, privateKey]), format: 'der', type: 'pkcs8' });
  return createPublicKey(key).export({ type: 'spki', format: 'der' }).subarray(publicPrefix.length);
}

/**
 * Refuses (KEY_INVALID) what is no honest X25519 public key: another length, a coordinate not in its one form, or a
 * point of low order, with which every shared secret is zero (RFC 7748, 6.1).
 */
export function checkPublicKey(publicKey: Uint8Array): void {
  const invalid = (why: string, cause?: unknown) => new SealFault('KEY_INVALID', why, { cause });
  if (publicKey.length !== 32) throw invalid('an X25519 public key has 32 bytes');
  if (Buffer.compare(Buffer.from(publicKey).reverse(), Buffer.from(prime).reverse()) >= 0)
    throw invalid('the public key is not in canonical form');
  const probe = generateKeyPairSync('x25519').privateKey;
  let shared: Buffer;
  try {
    const spki = Buffer.concat([publicPrefix, publicKey]);
    shared = diffieHellman({
      privateKey: probe,
      publicKey: createPublicKey({ key: spki, format: 'der', type: 'spki' }),
    });
  } catch (cause) {
    throw invalid('the public key is a point of low order', cause);
  }
  if (shared.every((byte) => byte === 0)) throw invalid('the public key is a point of low order');
}
