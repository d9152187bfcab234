/**
 * `npm run bench -- NAME [--network real] [--mib N] [--json]`: measures one thing beside its peer and prints the figures; with --json, as one JSON
 * line at the end. `--network real` refuses to run without Fabric's programs, and adds what the gateway costs on both networks; `--mib` is the size
 * of the version that `store` publishes and opens.
 */
import { parseArgs } from 'node:util';
import { type Figure, machine, type Report } from './figure.ts';

type Measure = (say: (text: string) => void, options: BenchOptions) => Promise<readonly Figure[]>;
type BenchOptions = { readonly real: boolean; readonly mib: number | undefined };

const benches: Record<string, () => Promise<{ measure: Measure }>> = {
  ledger: () => import('./ledger.ts'),
  gateway: () => import('./gateway.ts'),
  upload: () => import('./upload.ts'),
  store: () => import('./store.ts'),
};

const usage = `usage: npm run bench -- ${Object.keys(benches).join('|')} [--network real] [--mib <store only>] [--json]`;
const { name, load, real, mib, json } = read(process.argv.slice(2));
const { measure } = await load();
const figures = await measure((text) => process.stderr.write(`${text}\n`), { real, mib });
const report: Report = { name, machine: machine(), figures };
process.stdout.write(`${report.machine}\n`);
for (const { metric, unit, ours, peer, peerName, ratio, bar, holds } of figures) {
  const beside =
    peerName === null
      ? ''
      : `; ${peerName} ${peer ?? 'not on this machine'}${ratio === null ? '' : `, ratio ${ratio}`}`;
  const verdict =
    bar === null ? '' : `  [${bar}: ${holds === null ? 'not measured' : holds ? 'holds' : 'DOES NOT HOLD'}]`;
  process.stdout.write(`${metric}: ${ours} ${unit}${beside}${verdict}\n`);
}
if (json) process.stdout.write(`${JSON.stringify(report)}\n`);

function read(args: string[]) {
  try {
    const options = {
      network: { type: 'string' },
      mib: { type: 'string' },
      json: { type: 'boolean', default: false },
    } as const;
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
    const [name = ''] = positionals;
    const load = benches[name];
    if (load === undefined || !['embedded', 'real', undefined].includes(values.network)) throw new Error(usage);
    const mib = values.mib === undefined ? undefined : Number(values.mib);
    if (mib !== undefined && !(Number.isInteger(mib) && mib > 0)) throw new Error('--mib is a whole number of MiB');
    return { name, load, real: values.network === 'real', mib, json: values.json };
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n${usage}\n`);
    return process.exit(2);
  }
}
