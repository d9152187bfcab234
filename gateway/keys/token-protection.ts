import { Fault } from '@d-cloud/network/ledger';
import type { GatewayConfig } from '../config.ts';
import type { KeyProtection } from './key-protection.ts';
import { readSecretLine } from './passphrase.ts';
import { TokenSession } from './pkcs11.ts';

/** Which AES-256 key of which token, and the file of the PIN. */
export type TokenSettings = Extract<NonNullable<GatewayConfig['keyStore']>, { pkcs11: unknown }>['pkcs11'];

const context = Buffer.from('d-cloud key file v1 pkcs11 AES-256-GCM');
const shortestPin = 4;

/** AES-256-GCM under a key that does not leave its token, with a nonce of this wrapping alone. Each use logs in and out. */
export async function tokenProtection(
  settings: TokenSettings,
  random: (bytes: number) => Uint8Array,
): Promise<KeyProtection> {
  const open = await sessionOpener(settings, false);
  const keyIn = (session: TokenSession) => {
    const key = session.aesKey(settings.keyLabel);
    if (key !== undefined) return key;
    throw new Fault(
      'misconfigured',
      `The token ${settings.tokenLabel} has no AES-256 key labelled ${settings.keyLabel} that is sensitive and not extractable.`,
    );
  };
  return {
    under: 'pkcs11',
    wrap(key) {
      using session = open();
      const iv = random(12);
      return { under: 'pkcs11', iv, sealed: session.seal(keyIn(session), iv, context, key) };
    },
    unwrap({ iv, sealed }) {
      using session = open();
      const key = keyIn(session);
      try {
        return session.open(key, iv, context, sealed);
      } catch (cause) {
        throw new Fault(
          'misconfigured',
          "The token's key does not open the key file: it is another one, or the file was altered.",
          { cause },
        );
      }
    },
  };
}

/** Makes the key in the token where it has none of that label. */
export async function makeTokenKey(settings: TokenSettings): Promise<void> {
  using session = (await sessionOpener(settings, true))();
  if (session.aesKey(settings.keyLabel) === undefined) session.makeAesKey(settings.keyLabel);
}

async function sessionOpener(
  { module, tokenLabel, pinFile }: TokenSettings,
  writes: boolean,
): Promise<() => TokenSession> {
  const pin = await readSecretLine(pinFile, 'PIN', shortestPin);
  // Loaded only where a token is configured: nothing else of this program calls foreign code.
  const { default: koffi } = await import('koffi').catch((cause: unknown) => {
    throw new Fault('misconfigured', 'koffi, which calls PKCS #11 modules, is not there for this machine.', { cause });
  });
  return () => TokenSession.open(koffi, { module, tokenLabel, pin, writes });
}
