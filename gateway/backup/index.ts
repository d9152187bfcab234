export { type Backup, type BackupWish, backUp } from './back-up.ts';
export { readPassphrase } from './passphrase.ts';
export { type Restored, type RestoreWish, restore } from './restore.ts';
