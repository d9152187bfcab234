import { readFileSync, statSync } from 'node:fs';
import { Fault } from '@d-cloud/network/ledger';
import { checkPublicKey, generateKeyPair, type KeyPair, publicKeyOf } from '@d-cloud/pipelines/seal';

const line = /^X25519-PRIVATE ([A-Za-z0-9+/]{43}=)$/m;

/** A new recovery key: the text of the file that is to lie offline, and its public half in base64. */
export function mintRecoveryKey(organization: string): { readonly file: string; readonly publicKey: string } {
  const { privateKey, publicKey } = generateKeyPair();
  const file = [
    `Recovery key of ${organization}.`,
    'Who has this file and a peer of the organization can open all of its data. Keep it offline, in two places, and take it off the',
    "gateway's machine. It is needed once: after the gateway's disk is lost, with dcloud keys recover.",
    `X25519-PRIVATE ${Buffer.from(privateKey).toString('base64')}`,
    '',
  ].join('\n');
  return { file, publicKey: Buffer.from(publicKey).toString('base64') };
}

/** Reads a recovery key's file, which only its owner may read. Fault `misconfigured` says what is wrong with it, never what is in it. */
export function readRecoveryKey(path: string): KeyPair {
  let text: string;
  try {
    if ((statSync(path).mode & 0o077) !== 0)
      throw new Fault('misconfigured', `The recovery key ${path} may be read by others; give it mode 0600.`);
    text = readFileSync(path, 'ascii');
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    throw new Fault('misconfigured', `The recovery key ${path} cannot be read.`, { cause });
  }
  const found = line.exec(text)?.[1];
  if (found === undefined) throw new Fault('misconfigured', `${path} is not a recovery key.`);
  const privateKey = Buffer.from(found, 'base64');
  return { privateKey, publicKey: publicKeyOf(privateKey) };
}

/** Reads the public half, base64, from a configuration. */
export function readRecoveryPublicKey(text: string): Uint8Array {
  const key = Buffer.from(text, 'base64');
  try {
    checkPublicKey(key);
  } catch (cause) {
    throw new Fault('misconfigured', 'The recovery key in the configuration is no X25519 public key.', { cause });
  }
  return key;
}
