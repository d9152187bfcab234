import { readFileSync } from 'node:fs';
import { Fault } from '../../ledger/fault.ts';
import type { LedgerConfig } from './config.ts';
import { startLedger } from './start-ledger.ts';

/** The embedded ledger as a program: one argument, the path of its JSON configuration. */
async function main(path: string | undefined): Promise<number> {
  if (path === undefined) {
    process.stderr.write("Give the path of the ledger's configuration as the only argument.\n");
    return 2;
  }
  try {
    await using ledger = await startLedger(read(path));
    const stopped = new Promise<'stopped'>((resolve) => {
      for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => resolve('stopped'));
    });
    process.stdout.write(
      `${JSON.stringify({ ready: true, addresses: ledger.addresses, orderers: ledger.orderers, height: ledger.height })}\n`,
    );
    const end = await Promise.race([stopped, ledger.failed]);
    if (end === 'stopped') return 0;
    throw end;
  } catch (cause) {
    process.stderr.write(`${cause instanceof Error ? cause.message : String(cause)}\n`);
    return 1;
  }
}

function read(path: string): LedgerConfig {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as LedgerConfig;
  } catch (cause) {
    throw new Fault('misconfigured', `The ledger's configuration ${path} cannot be read: ${(cause as Error).message}`, {
      cause,
    });
  }
}

process.exitCode = await main(process.argv[2]);
