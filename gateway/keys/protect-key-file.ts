import { existsSync } from 'node:fs';
import { writeWhole } from '@d-cloud/network/admin';
import { Fault } from '@d-cloud/network/ledger';
import { type KeyFile, keyFileAt, keyFileText, parseKeyFile, unwrapIfUnder, unwrapKey } from './key-file.ts';
import type { KeyProtection } from './key-protection.ts';

export type ProtectWish = {
  readonly keyFile: string;
  /** What the file may be under now; asked for only where `to` does not open it already. */
  readonly from: () => Promise<KeyProtection | undefined>;
  /** What it is to be under; nothing for a plain file. */
  readonly to: KeyProtection | undefined;
};

/**
 * Puts the key store's key, which stays the same, under another protection: the file is replaced in one step by one that was opened again
 * first. Whoever was interrupted asks again. The gateway must not run.
 */
export async function protectKeyFile({ keyFile, from, to }: ProtectWish): Promise<void> {
  if (!existsSync(keyFile)) throw new Fault('misconfigured', `There is no key file ${keyFile} to protect.`);
  const key = await keyIn(keyFileAt(keyFile), from, to);
  try {
    const text = keyFileText(key, to);
    const again = await keyIn(parseKeyFile(text), async () => to, to);
    if (!again.equals(key)) throw new Fault('corrupt', 'What was wrapped does not open to the same key.');
    again.fill(0);
    await writeWhole(keyFile, text, 'secret');
  } finally {
    key.fill(0);
  }
}

async function keyIn(file: KeyFile, from: ProtectWish['from'], to: KeyProtection | undefined): Promise<Buffer> {
  if (file.kind === 'plain') return file.key;
  if (to !== undefined) {
    try {
      const key = unwrapIfUnder(file.wrapped, to);
      if (key !== undefined) return key;
    } catch {
      // Another passphrase or token key of the same kind: it is under what it was before.
    }
  }
  return unwrapKey(file.wrapped, await from());
}
