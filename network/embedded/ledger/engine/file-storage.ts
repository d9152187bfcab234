import fs from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { AppendLog, Storage } from './storage.ts';

// The callback functions on bare descriptors cost less per block than FileHandle.
const write = promisify(fs.write);
const fdatasync = promisify(fs.fdatasync);

/** Files of one directory, readable by their owner only. */
export function fileStorage(directory: string): Storage {
  return {
    async open(name): Promise<AppendLog> {
      const path = join(directory, name);
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      const file = await open(path, fs.constants.O_RDWR | fs.constants.O_CREAT, 0o600);
      let size = (await file.stat()).size;
      await syncDirectory(dirname(path));
      return {
        get sizeBytes() {
          return size;
        },
        async append(bytes) {
          let done = 0;
          while (done < bytes.length) {
            done += (await write(file.fd, bytes, done, bytes.length - done, size + done)).bytesWritten;
          }
          await fdatasync(file.fd);
          size += bytes.length;
        },
        async read(at, sizeBytes) {
          const buffer = Buffer.allocUnsafe(sizeBytes);
          const { bytesRead } = await file.read(buffer, 0, sizeBytes, at);
          return buffer.subarray(0, bytesRead);
        },
        async truncate(sizeBytes) {
          await file.truncate(sizeBytes);
          await file.datasync();
          size = sizeBytes;
        },
        close: () => file.close(),
      };
    },
  };
}

/** A new file's name is only safe once its directory is on disk. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
