import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { createServer } from 'node:net';
import { Fault } from '../../ledger/fault.ts';

/**
 * Holds a directory for one process. On Linux the lock is an abstract socket named after the directory, which the kernel releases however the process ends, so no stale lock can stay.
 * Elsewhere nothing is held. @throws Fault contended when another process has it
 */
export async function lockDirectory(path: string): Promise<AsyncDisposable> {
  if (process.platform !== 'linux') return { [Symbol.asyncDispose]: async () => {} };
  const name = createHash('sha256')
    .update(await realpath(path))
    .digest('hex');
  const server = createServer((socket) => socket.destroy());
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', (cause) =>
    reject(new Fault('contended', `${path} is in use by another store process; stop it first`, { cause })),
  );
  server.listen(`\0d-cloud-store-${name}`, resolve);
  await promise;
  server.unref();
  return {
    [Symbol.asyncDispose]: () => new Promise((done) => server.close(() => done())),
  };
}
