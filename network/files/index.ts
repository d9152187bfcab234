/** Files that survive a crash of the machine. */
export { renameDurably, replaceFile, type Sync, syncDirectory } from './durable-file.ts';
