import { closeSync, existsSync, fsyncSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { Fault } from '@d-cloud/network/ledger';
import { z } from 'zod';
import type { KeyProtection, WrappedKey } from './key-protection.ts';

/** Length of the organization's key in bytes; a plain file holds it as hex. */
const keyBytes = 32;
const longestFileBytes = 4096;

/** What a key file holds. */
export type KeyFile =
  | { readonly kind: 'plain'; readonly key: Buffer }
  | { readonly kind: 'wrapped'; readonly wrapped: WrappedKey };

const bytes = (length: number) =>
  z
    .base64()
    .transform((text) => new Uint8Array(Buffer.from(text, 'base64')))
    .refine((value) => value.length === length);
const head = { format: z.literal('d-cloud key file'), v: z.literal(1) };
const schema = z.discriminatedUnion('under', [
  z.strictObject({ ...head, under: z.literal('passphrase'), salt: bytes(32), iv: bytes(12), sealed: bytes(48) }),
  z.strictObject({ ...head, under: z.literal('pkcs11'), iv: bytes(12), sealed: bytes(48) }),
]);

const wayOf: Record<WrappedKey['under'], { readonly what: string; readonly setting: string; readonly option: string }> =
  {
    passphrase: { what: 'a passphrase', setting: 'keyStore.passphraseFile', option: '--passphrase-file <file>' },
    pkcs11: { what: "a token's key", setting: 'keyStore.pkcs11', option: '--pkcs11 <module>' },
  };

/**
 * The organization's key from its file, which only its owner may read, opened with what it is protected by.
 * Mints one when neither the file nor the store that it protects exists; a lost key file beside a store is a fault, never replaced.
 * Fault `misconfigured` where file and protection do not belong together, one of them missing included.
 */
export function readKeyFile(
  path: string,
  options: {
    readonly storeExists: boolean;
    readonly random: (bytes: number) => Uint8Array;
    readonly protection?: KeyProtection | undefined;
  },
): Buffer {
  const { storeExists, random, protection } = options;
  if (!existsSync(path)) {
    if (storeExists)
      throw new Fault('misconfigured', 'The key store is there, but the key file that opens it is missing.');
    mint(path, keyFileText(random(keyBytes), protection));
  }
  const file = keyFileAt(path);
  if (file.kind === 'wrapped') return unwrapKey(file.wrapped, protection);
  if (protection === undefined) return file.key;
  const { what, option } = wayOf[protection.under];
  throw new Fault(
    'misconfigured',
    `The key file is plain, but the configuration says that it is under ${what}: put it there with dcloud keys protect ${option}.`,
  );
}

/** What a key file on disk holds, opened or not. Fault `misconfigured` for one that others may read, too. */
export function keyFileAt(path: string): KeyFile {
  const { mode, size } = statSync(path);
  if ((mode & 0o077) !== 0) throw new Fault('misconfigured', 'The key file may be read by others; give it mode 0600.');
  return parseKeyFile(size > longestFileBytes ? '' : readFileSync(path, 'utf8'));
}

/** What a key file's text says. Fault `misconfigured` for a text of no known form. */
export function parseKeyFile(text: string): KeyFile {
  const hex = text.trim();
  if (/^[0-9a-f]{64}$/.test(hex)) return { kind: 'plain', key: Buffer.from(hex, 'hex') };
  const parsed = schema.safeParse(jsonIn(text));
  if (parsed.success) return { kind: 'wrapped', wrapped: parsed.data };
  throw new Fault(
    'misconfigured',
    'The key file does not hold 64 hexadecimal digits, nor a wrapped key of a form that this program knows.',
  );
}

/** Opens a wrapped key. Fault `misconfigured` without the protection that it is under. */
export function unwrapKey(wrapped: WrappedKey, protection: KeyProtection | undefined): Buffer {
  const key = protection === undefined ? undefined : unwrapIfUnder(wrapped, protection);
  if (key !== undefined) return key;
  const { what, setting } = wayOf[wrapped.under];
  throw new Fault(
    'misconfigured',
    `The key file is under ${what}, and ${setting} in the gateway's configuration does not say which.`,
  );
}

/** Nothing where the key is under something else than that kind of protection. */
export function unwrapIfUnder(wrapped: WrappedKey, protection: KeyProtection): Buffer | undefined {
  if (wrapped.under === 'passphrase' && protection.under === 'passphrase') return protection.unwrap(wrapped);
  if (wrapped.under === 'pkcs11' && protection.under === 'pkcs11') return protection.unwrap(wrapped);
  return undefined;
}

/** A key file's text: hex without protection, else one line of JSON. */
export function keyFileText(key: Uint8Array, protection: KeyProtection | undefined): string {
  if (protection === undefined) return `${Buffer.from(key).toString('hex')}\n`;
  const inText = Object.entries(protection.wrap(key)).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : Buffer.from(value).toString('base64'),
  ]);
  return `${JSON.stringify({ format: 'd-cloud key file', v: 1, ...Object.fromEntries(inText) })}\n`;
}

function mint(path: string, text: string): void {
  const file = openSync(path, 'wx', 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
