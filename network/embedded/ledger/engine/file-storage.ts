import fs from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { syncDirectory } from '../../../files/index.ts';
import type { AppendLog, Storage } from './storage.ts';

// The callback functions on bare descriptors cost less per block than FileHandle.
const write = promisify(fs.write);
const fdatasync = promisify(fs.fdatasync);

export interface FileStorageOptions {
  /** Called at each failed sync: what was written since the one before is not certain, so the ledger has to end. */
  readonly onFault?: (cause: unknown) => void;
  /** Brings the bytes written to a descriptor to the disk. */
  readonly sync?: (descriptor: number) => Promise<void>;
}

/**
 * Files of one directory, readable by their owner only. After a failed sync a file takes nothing more: the kernel may have dropped what it could not write, and
 * would say yes the second time.
 */
export function fileStorage(
  directory: string,
  { onFault = () => {}, sync = fdatasync }: FileStorageOptions = {},
): Storage {
  return {
    async open(name): Promise<AppendLog> {
      const path = join(directory, name);
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      const file = await open(path, fs.constants.O_RDWR | fs.constants.O_CREAT, 0o600);
      let size = (await file.stat()).size;
      let broken: { readonly cause: unknown } | undefined;
      await syncDirectory(dirname(path));
      const checkWhole = () => {
        if (broken !== undefined) throw broken.cause;
      };
      const synced = async () => {
        try {
          await sync(file.fd);
        } catch (cause) {
          broken = { cause };
          onFault(cause);
          throw cause;
        }
      };
      return {
        get sizeBytes() {
          return size;
        },
        async append(bytes) {
          checkWhole();
          let done = 0;
          while (done < bytes.length) {
            done += (await write(file.fd, bytes, done, bytes.length - done, size + done)).bytesWritten;
          }
          await synced();
          size += bytes.length;
        },
        async read(at, sizeBytes) {
          const buffer = Buffer.allocUnsafe(sizeBytes);
          const { bytesRead } = await file.read(buffer, 0, sizeBytes, at);
          return buffer.subarray(0, bytesRead);
        },
        async truncate(sizeBytes) {
          checkWhole();
          await file.truncate(sizeBytes);
          await synced();
          size = sizeBytes;
        },
        close: () => file.close(),
      };
    },
  };
}
