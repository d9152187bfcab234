import { createCipheriv, createDecipheriv, hash, randomBytes } from 'node:crypto';
import { ErasureCode } from '../erasure/index.ts';
import { measure } from './measure.ts';

const scheme = { k: 4, n: 7 };
const fragmentBytes = 1024 * 1024;
const stripeBytes = scheme.k * fragmentBytes;

/** A stage of sealing or opening alone: nanoseconds of one core per byte of plaintext. */
export interface Stage {
  readonly name: 'SHA-256' | 'AES-256-GCM' | 'Reed-Solomon';
  readonly nanosPerByte: number;
}

/** What sealing (7 fragments hashed) and opening (4 hashed, none lost) cost at 4 of 7, stage by stage, each measured alone. */
export function measureStages(): { readonly sealing: readonly Stage[]; readonly opening: readonly Stage[] } {
  const data = Array.from({ length: scheme.k }, () => randomBytes(fragmentBytes));
  const parity = Array.from({ length: scheme.n - scheme.k }, () => Buffer.alloc(fragmentBytes));
  const code = new ErasureCode(scheme);
  const plain = randomBytes(stripeBytes);
  const sealed = Buffer.alloc(stripeBytes);
  const [key, nonce] = [randomBytes(32), randomBytes(12)];
  const nanos = (bytes: number, act: () => void) => 1e9 / measure(bytes, act).median;
  const hashing = nanos(fragmentBytes, () => hash('sha256', data[0] as Buffer, 'buffer'));
  const encrypting = nanos(stripeBytes, () => {
    const cipher = createCipheriv('aes-256-gcm', key, nonce);
    for (let at = 0; at < plain.length; at += 262_144) sealed.set(cipher.update(plain.subarray(at, at + 262_144)), at);
    cipher.final();
  });
  const decrypting = nanos(stripeBytes, () => {
    createDecipheriv('aes-256-gcm', key, nonce).update(sealed);
  });
  const coding = nanos(stripeBytes, () => code.encode(data, parity));
  return {
    sealing: [
      { name: 'SHA-256', nanosPerByte: (hashing * scheme.n) / scheme.k },
      { name: 'AES-256-GCM', nanosPerByte: encrypting },
      { name: 'Reed-Solomon', nanosPerByte: coding },
    ],
    opening: [
      { name: 'SHA-256', nanosPerByte: hashing },
      { name: 'AES-256-GCM', nanosPerByte: decrypting },
    ],
  };
}

/** The stages with their shares of the whole, in percent. */
export function sharesOf(
  stages: readonly Stage[],
): readonly { readonly name: Stage['name']; readonly share: number }[] {
  const whole = stages.reduce((sum, { nanosPerByte }) => sum + nanosPerByte, 0);
  return stages.map(({ name, nanosPerByte }) => ({ name, share: (100 * nanosPerByte) / whole }));
}
