import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { Fault } from '../../ledger/fault.ts';

/** An `ipfs` program that runs, and its version. */
export interface IpfsBinary {
  readonly path: string;
  readonly version: string;
}

/** The releases whose RPC the block client was tried on: 0.41 and later ones below 1.0. */
const oldestMinor = 41;

const whereToGetIt =
  'The Kubo project publishes it at https://dist.ipfs.tech/#kubo; network/processes/kubo/README.md says how to build it with Go.';

/**
 * Finds `ipfs` in the configured directory, where Fabric's programs may lie alone, or else on the search path, and asks for its version.
 * @throws Fault misconfigured with a sentence that says what is missing and where to get it
 */
export async function findIpfs({
  directory,
  searchPath,
}: {
  readonly directory?: string;
  readonly searchPath: string;
}): Promise<IpfsBinary> {
  const directories = [
    ...(directory === undefined ? [] : [directory]),
    ...searchPath.split(delimiter).filter((entry) => entry !== ''),
  ];
  for (const each of directories) {
    const path = join(each, 'ipfs');
    const runs = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (runs) return { path, version: await versionOf(path) };
  }
  throw new Fault(
    'misconfigured',
    `There is no ipfs program ${directory === undefined ? '' : `in ${directory} or `}on PATH. ${whereToGetIt}`,
  );
}

async function versionOf(path: string): Promise<string> {
  const { stdout } = await promisify(execFile)(path, ['version', '--number'], { timeout: 30_000 }).catch(
    (cause: unknown) => {
      throw new Fault('misconfigured', `${path} does not run. ${whereToGetIt}`, { cause });
    },
  );
  const version = stdout.trim();
  const minor = /^0\.(\d{1,4})\./.exec(version)?.[1];
  if (minor === undefined || Number(minor) < oldestMinor) {
    throw new Fault(
      'misconfigured',
      `${path} is version ${version.slice(0, 40)}; 0.${oldestMinor} or later is needed. ${whereToGetIt}`,
    );
  }
  return version;
}
