import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';
import { Fault } from '@d-cloud/network/ledger';

const nonceBytes = 12;
const tagBytes = 16;

/** Seals values at rest with AES-256-GCM: nonce ‖ ciphertext ‖ tag, the context as additional data (NIST SP 800-38D, random nonces). */
export type ValueCipher = {
  seal(context: readonly (string | number)[], plain: Uint8Array): Uint8Array;
  /** Throws a corrupt Fault where the bytes, the key or the context differ. */
  open(context: readonly (string | number)[], sealed: Uint8Array): Buffer;
};

/** A cipher under `key` (32 bytes), for one use named by `label` (HKDF-SHA-256 keeps the uses apart). */
export function valueCipher(key: Uint8Array, label: string, random: (bytes: number) => Uint8Array): ValueCipher {
  const own = Buffer.from(hkdfSync('sha256', key, new Uint8Array(0), label, 32));
  return {
    seal(context, plain) {
      const nonce = random(nonceBytes);
      const cipher = createCipheriv('aes-256-gcm', own, nonce);
      cipher.setAAD(additionalData(context));
      return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    },
    open(context, sealed) {
      if (sealed.length < nonceBytes + tagBytes) throw new Fault('corrupt', 'A sealed value is too short.');
      const decipher = createDecipheriv('aes-256-gcm', own, sealed.subarray(0, nonceBytes));
      decipher.setAAD(additionalData(context));
      decipher.setAuthTag(sealed.subarray(sealed.length - tagBytes));
      try {
        const body = decipher.update(sealed.subarray(nonceBytes, sealed.length - tagBytes));
        return Buffer.concat([body, decipher.final()]);
      } catch (cause) {
        throw new Fault('corrupt', 'A sealed value does not open under this key and context.', { cause });
      }
    },
  };
}

/** JSON of the whole list: injective, so one context can never be read as another. */
function additionalData(context: readonly (string | number)[]): Buffer {
  return Buffer.from(JSON.stringify(context));
}
