import type { ChaincodeDefinition } from '../engine/definitions.ts';
import type { Simulation } from '../engine/simulation.ts';
import { ChaincodeUnreachable } from './connection.ts';

/** Where a chaincode's own namespace says which version of it was initialized; no other key sorts there. */
const INITIALIZED = '\u0000\u{10FFFF}initialized';

/**
 * Whether an invocation is the one that initializes a chaincode whose definition asks for that, once for each version. Throws
 * Fabric's words for one that comes too early, twice, or for nothing.
 */
export function initializes(
  { name, version, initRequired }: ChaincodeDefinition,
  isInit: boolean,
  simulation: Simulation,
): boolean {
  if (!initRequired && !isInit) return false;
  const invalid = (why: string): never => {
    throw new ChaincodeUnreachable(`invalid invocation: chaincode '${name}' ${why}`);
  };
  if (!initRequired) return invalid('does not require initialization but called as init');
  const missing = simulation.get(name, INITIALIZED)?.toString() !== version;
  if (!isInit) return missing ? invalid('has not been initialized for this version, must call as init first') : false;
  if (!missing) return invalid('is already initialized but called as init');
  simulation.put(name, INITIALIZED, Buffer.from(version));
  return true;
}
