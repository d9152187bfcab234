export { openKeyProtection } from './key-protection.ts';
export { KeyStore } from './key-store.ts';
export { readPassphrase } from './passphrase.ts';
export { protectKeyFile } from './protect-key-file.ts';
export { recoverKeys } from './recover.ts';
export { readRecoveryKey } from './recovery-key.ts';
export { makeTokenKey } from './token-protection.ts';
