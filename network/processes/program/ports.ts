import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** Says whether this program could listen on the port of an own address now. */
export function isFree(port: number, address = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const trial = createServer();
    trial.once('error', () => resolve(false));
    trial.listen({ port, host: address, exclusive: true }, () => trial.close(() => resolve(true)));
  });
}

/**
 * Below the range from which systems take the ports of outgoing connections: such a port may be gone a moment later. And below what each
 * process of the tests has for its networks (`test/support/ports.ts`).
 */
const usual = [12_000, 24_000] as const;

/** Free loopback ports, all different, of a range that ends before its second number. It holds none of them: use them soon. */
export async function takePorts(
  count: number,
  [lowest, highest]: readonly [number, number] = usual,
): Promise<number[]> {
  const found = new Set<number>();
  while (found.size < count) {
    const port = randomInt(lowest, highest);
    if (!found.has(port) && (await isFree(port))) found.add(port);
  }
  return [...found];
}
