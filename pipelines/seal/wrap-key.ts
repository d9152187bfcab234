import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { canonicalBytes } from '@d-cloud/chaincode/domain';
import { SealFault } from './fault.ts';

/** Which secret of which version a wrapped key is, and under which epoch's dataset key; every field is bound. */
export interface WrapContext {
  readonly channel: string;
  readonly dataset: string;
  readonly version: string;
  readonly epoch: number;
  /** `cek`, `s`, or what else is kept per version. */
  readonly kind: string;
}

const format = 1;
const wrappedBytes = 1 + 12 + 32 + 16;

function additionalData({ channel, dataset, version, epoch, kind }: WrapContext): Uint8Array {
  return Buffer.concat([Buffer.from('dcloud/wrap/1\0'), canonicalBytes({ channel, dataset, version, epoch, kind })]);
}

/** Encrypts a 32-byte key under a dataset key: format byte, nonce (12), ciphertext (32), tag (16). */
export function wrapKey(
  datasetKey: Uint8Array,
  key: Uint8Array,
  context: WrapContext,
  random: (bytes: number) => Uint8Array = randomBytes,
): Uint8Array {
  if (datasetKey.length !== 32 || key.length !== 32) throw new RangeError('keys have 32 bytes');
  const nonce = random(12);
  const cipher = createCipheriv('aes-256-gcm', datasetKey, nonce, { authTagLength: 16 });
  cipher.setAAD(additionalData(context));
  const text = Buffer.concat([cipher.update(key), cipher.final()]);
  return Buffer.concat([Uint8Array.of(format), nonce, text, cipher.getAuthTag()]);
}

/** Opens a wrapped key; KEY_INVALID when dataset key, context or bytes are not those it was wrapped with. */
export function unwrapKey(datasetKey: Uint8Array, wrapped: Uint8Array, context: WrapContext): Uint8Array {
  if (datasetKey.length !== 32) throw new RangeError('keys have 32 bytes');
  if (wrapped.length !== wrappedBytes || wrapped[0] !== format)
    throw new SealFault('KEY_INVALID', 'this is not a wrapped key');
  const decipher = createDecipheriv('aes-256-gcm', datasetKey, wrapped.subarray(1, 13), { authTagLength: 16 });
  decipher.setAAD(additionalData(context));
  decipher.setAuthTag(wrapped.subarray(45));
  try {
    return Buffer.concat([decipher.update(wrapped.subarray(13, 45)), decipher.final()]);
  } catch (cause) {
    throw new SealFault('KEY_INVALID', 'the wrapped key is not of this dataset key and context', { cause });
  }
}
