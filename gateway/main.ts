/** One organization's gateway as a program: its only argument is the path of its configuration file. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { gatewayLog } from './service/gateway-log.ts';
import { readGatewayConfig, startGateway } from './service/index.ts';

/** Serves until SIGTERM or SIGINT. Standard output says one line, when the gateway is ready; the log goes to standard error. */
async function run(path: string): Promise<void> {
  const config = readGatewayConfig(readFileSync(path, 'utf8'), path);
  const log = gatewayLog(config, process.stderr.fd);
  const stopped = Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
  await using gateway = await startGateway(config, { log });
  process.stdout.write(`${JSON.stringify({ ready: true, rest: gateway.rest, peer: gateway.peer })}\n`);
  await stopped;
  log.info('stopping');
}

// Read model, key store and spool are this program's alone.
process.umask(0o077);
const [path] = process.argv.slice(2);
try {
  if (path === undefined) throw new Error('usage: gateway CONFIG.json');
  await run(path);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
