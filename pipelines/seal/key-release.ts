import { canonicalBytes } from '@d-cloud/chaincode/domain';
import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core';
import { SealFault } from './fault.ts';
import { checkPublicKey, type KeyPair } from './key-pair.ts';

/** Whose keys go to whom and why; every field is bound, so a message opens in exactly the context it was made for. */
export interface ReleaseContext {
  readonly channel: string;
  readonly dataset: string;
  readonly version: string;
  readonly epoch: number;
  /** Who receives: an organization's MSP id or a compute node's id. */
  readonly grantee: string;
  readonly purpose: string;
  /** The committed transaction against which the keys are released. */
  readonly transaction: string;
}

/** A released payload as it travels: base64 of the encapsulated key and of the ciphertext. */
export interface KeyRelease {
  readonly v: 1;
  readonly suite: 'X25519-HKDF-SHA256-AES256GCM';
  readonly enc: string;
  readonly ciphertext: string;
}

const suiteName = 'X25519-HKDF-SHA256-AES256GCM';
const label = Buffer.from('dcloud/key-release/1\0');
const maxCiphertextCharacters = 128 * 1024 * 1024;

function suite(): CipherSuite {
  return new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes256Gcm() });
}

/** Info is the label and the context's canonical JSON; the additional data is the canonical JSON again. */
function binding(context: ReleaseContext): { info: ArrayBuffer; aad: ArrayBuffer } {
  const { channel, dataset, version, epoch, grantee, purpose, transaction } = context;
  if (!Number.isSafeInteger(epoch) || epoch < 0) throw new RangeError(`no epoch: ${epoch}`);
  for (const field of [channel, dataset, version, grantee, purpose, transaction])
    if (typeof field !== 'string' || field.length === 0 || field.length > 256)
      throw new RangeError('every field of a release context is a text of 1 to 256 characters');
  const bytes = canonicalBytes({ channel, dataset, version, epoch, grantee, purpose, transaction });
  return { info: exact(Buffer.concat([label, bytes])), aad: exact(bytes) };
}

function exact(bytes: Uint8Array): ArrayBuffer {
  return Uint8Array.from(bytes).buffer;
}

/** Encrypts a payload to one recipient by HPKE base mode (RFC 9180). KEY_INVALID for a public key nobody can own. */
export async function sealKeyRelease(
  recipientPublicKey: Uint8Array,
  context: ReleaseContext,
  payload: Uint8Array,
): Promise<KeyRelease> {
  checkPublicKey(recipientPublicKey);
  const { info, aad } = binding(context);
  const hpke = suite();
  const key = await hpke.kem.deserializePublicKey(exact(recipientPublicKey));
  const { enc, ct } = await hpke.seal({ recipientPublicKey: key, info }, exact(payload), aad);
  return {
    v: 1,
    suite: suiteName,
    enc: Buffer.from(enc).toString('base64'),
    ciphertext: Buffer.from(ct).toString('base64'),
  };
}

/** Opens a release made for this key pair in this very context; KEY_INVALID otherwise. */
export async function openKeyRelease(
  recipient: KeyPair,
  context: ReleaseContext,
  release: KeyRelease,
): Promise<Uint8Array> {
  const enc = Buffer.from(release.enc, 'base64');
  checkPublicKey(enc);
  const { info, aad } = binding(context);
  const hpke = suite();
  try {
    const recipientKey = await hpke.kem.deserializePrivateKey(exact(recipient.privateKey));
    const ciphertext = exact(Buffer.from(release.ciphertext, 'base64'));
    return new Uint8Array(await hpke.open({ recipientKey, enc: exact(enc), info }, ciphertext, aad));
  } catch (cause) {
    throw new SealFault('KEY_INVALID', 'the key release was not made for this key and context', { cause });
  }
}

/** Reads a release from foreign JSON; KEY_INVALID for any other shape. */
export function parseKeyRelease(value: unknown): KeyRelease {
  const invalid = () => new SealFault('KEY_INVALID', 'this is not a key release');
  if (typeof value !== 'object' || value === null) throw invalid();
  const { v, suite: named, enc, ciphertext, ...rest } = value as Record<string, unknown>;
  if (v !== 1 || named !== suiteName || Object.keys(rest).length > 0) throw invalid();
  if (typeof enc !== 'string' || typeof ciphertext !== 'string' || ciphertext.length > maxCiphertextCharacters)
    throw invalid();
  for (const text of [enc, ciphertext]) if (Buffer.from(text, 'base64').toString('base64') !== text) throw invalid();
  return { v, suite: suiteName, enc, ciphertext };
}
