import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Identity } from '../../../admin/index.ts';

/** How a peer reaches the service: files of its configuration. */
export function clientTls({ tlsDirectory }: Identity) {
  return {
    rootCertificates: join(tlsDirectory, 'ca.pem'),
    clientCertificate: join(tlsDirectory, 'cert.pem'),
    clientKey: join(tlsDirectory, 'key.pem'),
    serverName: 'localhost',
  };
}

/** A chaincode server that ends with this process. */
export async function serve(ccid: string, address: string, { tlsDirectory }: Identity): Promise<ChildProcess> {
  const program = fileURLToPath(new URL('./chaincode-process.js', import.meta.url));
  const quiet = { CORE_CHAINCODE_LOGGING_SHIM: 'critical', CORE_CHAINCODE_LOGGING_LEVEL: 'critical' };
  const child = fork(program, [ccid, address, tlsDirectory], { env: { ...process.env, ...quiet }, execArgv: [] });
  const [event] = await Promise.race([once(child, 'message'), once(child, 'exit')]);
  if (event !== 'listening') throw new Error(`The probe chaincode did not start (${event}).`);
  return child;
}
