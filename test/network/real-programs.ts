import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type FabricBinaries, findFabric } from '@d-cloud/network/processes/fabric';
import { findIpfs } from '@d-cloud/network/processes/kubo';

/** Which programs of other projects are on this machine, and a sentence for each one that is not. */
export type RealPrograms = {
  /** By label, such as "Fabric 2.5". */
  readonly fabrics: Readonly<Record<string, FabricBinaries>>;
  readonly ipfs: boolean;
  readonly missing: readonly string[];
};

const labels = { '2.5': 'Fabric 2.5', '3': 'Fabric 3.1' } as const;
type Environment = Readonly<Record<string, string | undefined>>;

/** Looks on PATH, in the directory that DCLOUD_FABRIC_3 names, and where releases are commonly unpacked. */
export async function findRealPrograms(environment: Environment): Promise<RealPrograms> {
  const searchPath = environment.PATH ?? '';
  const unpacked = (await readdir('/opt').catch(() => [])).filter((name) => /^fabric-(2\.5|3\.1)/.test(name));
  const places = [undefined, environment.DCLOUD_FABRIC_3, ...unpacked.sort().map((name) => join('/opt', name, 'bin'))];
  const fabrics: Record<string, FabricBinaries> = {};
  const missing: string[] = [];
  for (const [at, directory] of places.entries()) {
    if (at > 0 && directory === undefined) continue;
    const found = await findFabric({ searchPath, ...(directory === undefined ? {} : { directory }) }).catch(
      (error: Error) => error.message,
    );
    if (typeof found === 'string') missing.push(found);
    else fabrics[labels[found.generation]] ??= found;
  }
  const absent = Object.values(labels).filter((label) => fabrics[label] === undefined);
  const ipfs = await findIpfs({ searchPath }).then(
    () => undefined,
    (error: Error) => error.message,
  );
  return {
    fabrics,
    ipfs: ipfs === undefined,
    missing: [
      ...absent.map((label) => `${label}: ${missing[0] ?? 'only the other release was found.'}`),
      ...(ipfs ? [ipfs] : []),
    ],
  };
}
