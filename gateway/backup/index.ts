export { type Backup, type BackupWish, backUp } from './back-up.ts';
export { type Restored, type RestoreWish, restore } from './restore.ts';
