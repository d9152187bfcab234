import { findFabric } from '@d-cloud/network/processes/fabric';
import { ProbeConsortium, type ProbeOptions } from '../suites/ledger/probe-consortium.ts';

/** Fabric's default number per block. Of waits of 50, 200 and 500 ms the first gave it the most transactions and the shortest lone submit. */
const batch = { timeout: '50ms', maxMessageCount: 500 };

/** A real network of three peers and three Raft orderers where its programs are on PATH; otherwise says why not, or fails where it must be there. */
export async function startFabricBeside(
  options: ProbeOptions,
  say: (text: string) => void,
  mustBeThere: boolean,
): Promise<ProbeConsortium | undefined> {
  const binaries = await findFabric({ searchPath: process.env.PATH ?? '' }).catch((error: Error) => error.message);
  if (typeof binaries === 'string') {
    if (mustBeThere) throw new Error(binaries);
    say(`No comparison: ${binaries}`);
    return undefined;
  }
  say(`starting Hyperledger Fabric ${binaries.generation} …`);
  return ProbeConsortium.start({ kind: 'fabric', binaries }, { ...options, batch });
}
