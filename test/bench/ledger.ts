import { randomBytes } from 'node:crypto';
import { type Figure, figure } from './figure.ts';
import { load } from './load.ts';
import { ProbeLedger } from './probe-ledger.ts';

/** Values of 400 bytes under fresh keys: what the published comparisons write. */
const value = randomBytes(200).toString('hex');

/** Submits and evaluations per second of the embedded ledger: endorsed by two of three organizations, blocks synced, client on the same machine. */
export async function measure(say: (text: string) => void): Promise<readonly Figure[]> {
  await using network = await ProbeLedger.start();
  await using ledger = network.connect();
  let next = 0;
  const submit = () => ledger.submit('put', [`key-${next++}`, value]);
  say('one caller submitting …');
  const lone = await load(submit, { callers: 1, forMs: 5_000 });
  say('64 callers submitting …');
  const many = await load(submit, { callers: 64, forMs: 10_000 });
  say('32 callers evaluating …');
  const asked = await load(() => ledger.evaluate('get', ['key-0']), { callers: 32, forMs: 6_000 });
  if (lone.failures + many.failures + asked.failures > 0)
    say(`failures: ${lone.failures}, ${many.failures}, ${asked.failures}`);
  return [
    figure('committed transactions at 64 callers', 'tx/s', many.perSecond, {
      says: '≥ 200',
      holds: many.perSecond >= 200,
    }),
    figure('p50 of a submit at 64 callers', 'ms', many.p50Ms),
    figure('p50 of a lone submit', 'ms', lone.p50Ms, { says: '≤ 25', holds: lone.p50Ms <= 25 }),
    figure('evaluations at 32 callers', 'calls/s', asked.perSecond, { says: '≥ 600', holds: asked.perSecond >= 600 }),
  ];
}
