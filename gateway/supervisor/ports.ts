import { createServer } from 'node:net';

/** Finds free loopback ports, from the preferred one upwards, and holds none of them. */
export async function freePorts(count: number, preferred: number): Promise<number[]> {
  const found: number[] = [];
  for (let port = preferred; found.length < count && port < 65_536; port++) {
    if (await isFree(port)) found.push(port);
  }
  if (found.length < count) throw new Error(`only ${found.length} of ${count} free ports above ${preferred}`);
  return found;
}

/** Says whether this program could listen on the loopback port now. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => probe.close(() => resolve(true)));
  });
}
