import { createCipheriv, createDecipheriv, scryptSync } from 'node:crypto';
import { Fault } from '@d-cloud/network/ledger';
import type { KeyProtection } from './key-protection.ts';
import { scryptCost } from './passphrase.ts';

const context = Buffer.from('d-cloud key file v1 passphrase scrypt N=131072 r=8 p=1');
const tagBytes = 16;

/** AES-256-GCM under scrypt of a passphrase, with a salt and a nonce of this wrapping alone. */
export function passphraseProtection(passphrase: string, random: (bytes: number) => Uint8Array): KeyProtection {
  return {
    under: 'passphrase',
    wrap(key) {
      const [salt, iv] = [random(32), random(12)];
      const stretched = scryptSync(passphrase, salt, 32, scryptCost);
      const cipher = createCipheriv('aes-256-gcm', stretched, iv).setAAD(context);
      const sealed = Buffer.concat([cipher.update(key), cipher.final(), cipher.getAuthTag()]);
      stretched.fill(0);
      return { under: 'passphrase', salt, iv, sealed };
    },
    unwrap({ salt, iv, sealed }) {
      const stretched = scryptSync(passphrase, salt, 32, scryptCost);
      const decipher = createDecipheriv('aes-256-gcm', stretched, iv, { authTagLength: tagBytes })
        .setAAD(context)
        .setAuthTag(sealed.subarray(-tagBytes));
      stretched.fill(0);
      try {
        return Buffer.concat([decipher.update(sealed.subarray(0, -tagBytes)), decipher.final()]);
      } catch (cause) {
        throw new Fault(
          'misconfigured',
          'The passphrase does not open the key file: it is another one, or the file was altered.',
          { cause },
        );
      }
    },
  };
}
