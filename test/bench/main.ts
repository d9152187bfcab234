/** `npm run bench -- NAME [--json]`: measures one thing beside its peer and prints the figures; with --json, as one JSON line at the end. */
import { type Figure, machine, type Report } from './figure.ts';

const benches: Record<string, () => Promise<{ measure: (say: (text: string) => void) => Promise<readonly Figure[]> }>> =
  {
    ledger: () => import('./ledger.ts'),
    gateway: () => import('./gateway.ts'),
    upload: () => import('./upload.ts'),
    store: () => import('./store.ts'),
  };

const args = process.argv.slice(2);
const [name] = args.filter((arg) => !arg.startsWith('-'));
const load = name === undefined ? undefined : benches[name];
if (name === undefined || load === undefined) {
  process.stderr.write(`usage: npm run bench -- ${Object.keys(benches).join('|')} [--json]\n`);
  process.exit(2);
}
const { measure } = await load();
const figures = await measure((text) => process.stderr.write(`${text}\n`));
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
if (args.includes('--json')) process.stdout.write(`${JSON.stringify(report)}\n`);
