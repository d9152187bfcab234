import { isFree } from '@d-cloud/network/processes/program';

/** Finds free loopback ports, from the preferred one upwards, and holds none of them. */
export async function freePorts(count: number, preferred: number): Promise<number[]> {
  const found: number[] = [];
  for (let port = preferred; found.length < count && port < 65_536; port++) {
    if (await isFree(port)) found.push(port);
  }
  if (found.length < count) throw new Error(`only ${found.length} of ${count} free ports above ${preferred}`);
  return found;
}
