import { execFile } from 'node:child_process';
import { access, constants, readFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { Fault } from '../../ledger/fault.ts';

/** `peer` and `orderer` programs of one generation. */
export interface FabricBinaries {
  readonly peer: string;
  readonly orderer: string;
  readonly generation: '2.5' | '3';
  /** As the programs say it; `latest` for builds from source. */
  readonly version: string;
}

const whereToGetThem =
  'Hyperledger Fabric publishes them at https://github.com/hyperledger/fabric/releases (2.5 LTS and 3.1 were tried).';

/**
 * Finds `peer` and `orderer` side by side in the configured directory, or else on the search path.
 * @throws Fault misconfigured with a sentence that says what is missing and where it is published
 */
export async function findFabric({
  directory,
  searchPath,
}: {
  readonly directory?: string;
  readonly searchPath: string;
}): Promise<FabricBinaries> {
  const directories =
    directory === undefined ? searchPath.split(delimiter).filter((entry) => entry !== '') : [directory];
  for (const each of directories) {
    const [peer, orderer] = [join(each, 'peer'), join(each, 'orderer')];
    if (!(await runs(peer)) || !(await runs(orderer))) continue;
    const [peers, orderers] = [await versionOf(peer), await versionOf(orderer)];
    const generation = await generationOf(peer, peers);
    const other = /^v?(\d+\.\d+)\./.exec(orderers)?.[1];
    const same = /^v?(\d+\.\d+)\./.exec(peers)?.[1];
    if (other !== same) {
      throw new Fault('misconfigured', `${peer} is ${peers} and ${orderer} is ${orderers}: take both of one release`);
    }
    return { peer, orderer, generation, version: peers };
  }
  throw new Fault(
    'misconfigured',
    `There are no programs peer and orderer ${directory === undefined ? 'on PATH' : `in ${directory}`}. ${whereToGetThem}`,
  );
}

function runs(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

async function versionOf(path: string): Promise<string> {
  const { stdout } = await promisify(execFile)(path, ['version'], { timeout: 30_000 }).catch((cause: unknown) => {
    throw new Fault('misconfigured', `${path} does not run. ${whereToGetThem}`, { cause });
  });
  const version = /^\s*Version:\s*(\S{1,40})$/m.exec(stdout)?.[1];
  if (version === undefined) throw new Fault('misconfigured', `${path} is no program of Fabric. ${whereToGetThem}`);
  return version;
}

/** Builds from source call themselves `latest`: the proposal time window, which came with 3.0, then tells the generations apart. */
async function generationOf(peer: string, version: string): Promise<FabricBinaries['generation']> {
  if (/^v?2\.5\./.test(version)) return '2.5';
  if (/^v?3\.[1-9]/.test(version)) return '3';
  if (version === 'latest') return (await readFile(peer)).includes('TimeWindowCheck') ? '3' : '2.5';
  throw new Fault('misconfigured', `${peer} is version ${version}; 2.5 or 3.1 and later is needed. ${whereToGetThem}`);
}
