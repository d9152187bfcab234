import { createServer } from 'node:net';

/** Says whether this program could listen on the loopback port now. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const trial = createServer();
    trial.once('error', () => resolve(false));
    trial.listen({ port, host: '127.0.0.1', exclusive: true }, () => trial.close(() => resolve(true)));
  });
}

/** Free loopback ports, all different, chosen by the system. It holds none of them: use them soon. */
export async function takePorts(count: number): Promise<number[]> {
  const trials = Array.from({ length: count }, () => createServer());
  const ports = trials.map((trial) => {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    trial.once('error', reject);
    trial.listen({ port: 0, host: '127.0.0.1' }, () => resolve((trial.address() as { port: number }).port));
    return promise;
  });
  try {
    return await Promise.all(ports);
  } finally {
    await Promise.all(trials.map((trial) => new Promise((resolve) => trial.close(resolve))));
  }
}
