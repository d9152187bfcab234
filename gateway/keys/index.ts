export { KeyStore } from './key-store.ts';
export { recoverKeys } from './recover.ts';
export { readRecoveryKey } from './recovery-key.ts';
