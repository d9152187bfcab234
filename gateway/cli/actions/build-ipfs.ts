import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findIpfs } from '@d-cloud/network/processes/kubo';

/** The folder whose `go.mod` pins Kubo and everything it is made of. */
const moduleDirectory = () => {
  const compiled = fileURLToPath(import.meta.resolve('@d-cloud/network/processes/kubo'));
  // `dist/processes/kubo/index.js` is compiled from `processes/kubo/index.ts`.
  return join(dirname(compiled), '..', '..', '..', 'processes', 'kubo');
};

/**
 * Builds `ipfs` with the Go toolchain from its published module at the pinned version, into `into`. What Go says is shown.
 * @throws Error when there is no Go, or the build fails
 */
export async function buildIpfs(into: string): Promise<{ readonly path: string; readonly version: string }> {
  const directory = resolve(into);
  await mkdir(directory, { recursive: true });
  const args = ['build', '-mod=readonly', '-trimpath', '-o', join(directory, 'ipfs'), 'github.com/ipfs/kubo/cmd/ipfs'];
  const go = spawn('go', args, { cwd: moduleDirectory(), stdio: ['ignore', 'inherit', 'inherit'] });
  const [code] = await once(go, 'exit').catch((cause: unknown) => {
    throw new Error('There is no Go here. It is published at https://go.dev/dl/ (1.26 or later is needed).', { cause });
  });
  if (code !== 0) throw new Error(`Go could not build ipfs (exit ${code}): what it said is above.`);
  return findIpfs({ directory, searchPath: '' });
}
