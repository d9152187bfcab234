/** One organization's gateway as a program: its only argument is the path of its configuration file. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { pino } from 'pino';
import { readGatewayConfig } from './config.ts';
import { startGateway } from './service/start-gateway.ts';

const [path] = process.argv.slice(2);
if (path === undefined) {
  process.stderr.write('usage: gateway CONFIG.json\n');
  process.exit(2);
}
// Read model, key store and spool are this program's alone.
process.umask(0o077);
const config = readGatewayConfig(readFileSync(path, 'utf8'), path);
// Standard output says one line, when the gateway is ready; the log goes to standard error.
const log = pino(
  { level: config.logLevel, base: { organization: config.organization.name } },
  pino.destination({ dest: 2, sync: false }),
);
const stopped = Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
{
  await using gateway = await startGateway(config, { log });
  process.stdout.write(`${JSON.stringify({ ready: true, rest: gateway.rest, peer: gateway.peer })}\n`);
  await stopped;
  log.info('stopping');
}
log.flush();
