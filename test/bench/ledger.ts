import { randomBytes } from 'node:crypto';
import type { Ledger } from '@d-cloud/network/ledger';
import { ProbeConsortium } from '../suites/ledger/probe-consortium.ts';
import { compared, type Figure, figure, quantile } from './figure.ts';
import { gatewayOverhead } from './gateway.ts';
import { type LoadResult, load } from './load.ts';
import { startFabricBeside } from './real-ledger.ts';

/** Values of 400 bytes under fresh keys: what the published comparisons write. */
const value = randomBytes(200).toString('hex');
const options = { chaincodes: [{ name: 'probe' }] };
const rounds = 3;

type Measured = { readonly lone: LoadResult[]; readonly many: LoadResult[]; readonly asked: LoadResult[] };
const median = (results: readonly LoadResult[], of: 'perSecond' | 'p50Ms') =>
  quantile(
    results.map((one) => one[of]),
    0.5,
  );

/**
 * Submits and evaluations per second of the embedded ledger, beside real Fabric where it is: three organizations of which two
 * endorse, blocks synced, clients and chaincode on the same machine, in alternating rounds, each figure the median of them. With `real`
 * also what the gateway adds to a bare fabric-gateway client on either.
 */
export async function measure(
  say: (text: string) => void,
  { real }: { readonly real: boolean },
): Promise<readonly Figure[]> {
  const ledgers = await measureLedgers(say, real);
  if (!real) return ledgers;
  return [
    ...ledgers,
    ...(await gatewayOverhead({ kind: 'embedded' }, say)),
    ...(await gatewayOverhead({ kind: 'real' }, say)),
  ];
}

async function measureLedgers(say: (text: string) => void, mustCompare: boolean): Promise<readonly Figure[]> {
  await using open = new AsyncDisposableStack();
  const ours = open.use(await ProbeConsortium.start({ kind: 'embedded' }, options));
  const fabric = await startFabricBeside(options, say, mustCompare);
  if (fabric !== undefined) open.use(fabric);
  const [own, theirs]: Measured[] = [
    { lone: [], many: [], asked: [] },
    { lone: [], many: [], asked: [] },
  ];
  const sides = [{ name: 'embedded', ledger: ours.ledger('A'), into: own! }];
  if (fabric !== undefined) sides.push({ name: 'Fabric', ledger: fabric.ledger('A'), into: theirs! });
  for (let round = 1; round <= rounds; round++) {
    for (const { name, ledger, into } of sides) {
      say(`round ${round} of ${rounds}: ${name} …`);
      await measureRound(ledger, into);
    }
  }
  for (const { name, into } of sides) {
    const failures = Object.values(into).flatMap((results) => results.map((one) => one.failures));
    if (failures.some((count) => count > 0)) say(`failures of ${name}: ${failures}`);
  }
  const beside = (of: keyof Measured, what: 'perSecond' | 'p50Ms') => ({
    name: 'Hyperledger Fabric 2.5',
    value: fabric === undefined ? undefined : median(theirs![of], what),
  });
  const [perSecond, loneMs, asked] = [
    median(own!.many, 'perSecond'),
    median(own!.lone, 'p50Ms'),
    median(own!.asked, 'perSecond'),
  ];
  return [
    compared('committed transactions at 64 callers', 'tx/s', perSecond, beside('many', 'perSecond'), {
      says: 'ratio ≥ 2',
      holds: (ratio) => ratio >= 2,
    }),
    figure('committed transactions at 64 callers, by themselves', 'tx/s', perSecond, {
      says: '≥ 200',
      holds: perSecond >= 200,
    }),
    compared('p50 of a submit at 64 callers', 'ms', median(own!.many, 'p50Ms'), beside('many', 'p50Ms')),
    compared('p50 of a lone submit', 'ms', loneMs, beside('lone', 'p50Ms')),
    figure('p50 of a lone submit, by itself', 'ms', loneMs, { says: '≤ 25', holds: loneMs <= 25 }),
    compared('evaluations at 32 callers', 'calls/s', asked, beside('asked', 'perSecond')),
    figure('evaluations at 32 callers, by themselves', 'calls/s', asked, { says: '≥ 600', holds: asked >= 600 }),
  ];
}

async function measureRound(ledger: Ledger, { lone, many, asked }: Measured): Promise<void> {
  const run = randomBytes(4).toString('hex');
  let next = 0;
  const submit = () => ledger.submit('put', [`${run}-${next++}`, value]);
  lone.push(await load(submit, { callers: 1, forMs: 4_000 }));
  many.push(await load(submit, { callers: 64, forMs: 8_000 }));
  asked.push(await load(() => ledger.evaluate('get', [`${run}-0`]), { callers: 32, forMs: 4_000 }));
}
