import { beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { EngineWorld } from '../testing/engine-world.ts';
import { MemoryStorage } from '../testing/memory-storage.ts';
import type { Ledger } from './ledger.ts';
import type { Simulation } from './simulation.ts';
import { type LedgerTransaction, readTransaction } from './transaction.ts';

let world: EngineWorld;
beforeAll(async () => {
  world = await EngineWorld.found();
});

const KEYS = ['a', 'b', 'c', 'd'] as const;
type Step =
  | {
      readonly kind: 'endorse';
      readonly reads: readonly number[];
      readonly writes: readonly (readonly [number, boolean])[];
      readonly range: boolean;
    }
  | { readonly kind: 'submit'; readonly which: number; readonly count: number }
  | { readonly kind: 'reopen' }
  | { readonly kind: 'crash'; readonly which: number; readonly afterBytes: number };

const index = fc.nat(KEYS.length - 1);
const endorse: fc.Arbitrary<Step> = fc.record({
  kind: fc.constant('endorse' as const),
  reads: fc.uniqueArray(index, { maxLength: 2 }),
  writes: fc.uniqueArray(fc.tuple(index, fc.boolean()), { maxLength: 2, selector: ([key]) => key }),
  range: fc.boolean(),
});
const submit: fc.Arbitrary<Step> = fc.record({
  kind: fc.constant('submit' as const),
  which: fc.nat(20),
  count: fc.integer({ min: 1, max: 6 }),
});
const reopen: fc.Arbitrary<Step> = fc.constant({ kind: 'reopen' as const });
const crash: fc.Arbitrary<Step> = fc.record({
  kind: fc.constant('crash' as const),
  which: fc.nat(20),
  afterBytes: fc.nat(4000),
});
const schedule = (faults: readonly fc.Arbitrary<Step>[]) =>
  fc.array(fc.oneof({ weight: 5, arbitrary: endorse }, { weight: 4, arbitrary: submit }, ...faults), { maxLength: 24 });

/** A transaction as the model sees it: what it read and what it wants to write. */
interface Modelled {
  readonly transaction: LedgerTransaction;
  readonly reads: ReadonlyMap<string, string | undefined>;
  readonly range: string | undefined;
  readonly writes: ReadonlyMap<string, string | undefined>;
}

/** The simplest ledger that could be: a map, in which a value names the transaction that wrote it. */
class Model {
  readonly state = new Map<string, string>();
  readonly #ids = new Set<string>();

  all(): string {
    return KEYS.flatMap((key) => (this.state.has(key) ? [`${key}=${this.state.get(key)}`] : [])).join(' ');
  }

  endorse(world: EngineWorld, ledger: Ledger, step: Step & { kind: 'endorse' }, serial: number): Modelled {
    const reads = new Map(step.reads.map((i) => [KEYS[i]!, this.state.get(KEYS[i]!)]));
    const writes = new Map(step.writes.map(([i, live]) => [KEYS[i]!, live ? `v${serial}` : undefined]));
    const range = step.range ? this.all() : undefined;
    const transaction = world.transaction(ledger, (simulation) => {
      for (const [key, value] of reads) expect(simulation.get('cc', key)?.toString()).toBe(value);
      if (range !== undefined) expect(rowsOf(simulation)).toBe(range);
      for (const [key, value] of writes)
        simulation.put('cc', key, value === undefined ? undefined : Buffer.from(value));
    });
    return { transaction, reads, range, writes };
  }

  /** Blocks hold four transactions; what one of them writes the others of its block can no longer have read. */
  commitAll(transactions: readonly Modelled[]): number[] {
    const codes: number[] = [];
    for (let i = 0; i < transactions.length; i += 4) {
      const touched = new Set<string>();
      codes.push(...transactions.slice(i, i + 4).map((each) => this.#commit(each, touched)));
    }
    return codes;
  }

  #commit({ transaction, reads, range, writes }: Modelled, touched: Set<string>): number {
    const { txId } = transaction.header;
    if (this.#ids.has(txId)) return 9;
    this.#ids.add(txId);
    if ([...reads].some(([key, value]) => touched.has(key) || this.state.get(key) !== value)) return 11;
    if (range !== undefined && range !== this.all()) return 12;
    for (const [key, value] of writes) {
      touched.add(key);
      if (value === undefined) this.state.delete(key);
      else this.state.set(key, value);
    }
    return 0;
  }
}

function rowsOf(simulation: Simulation): string {
  const rows = simulation.range('cc', '', '');
  const all: string[] = [];
  for (let row = rows(); row !== undefined; row = rows()) all.push(`${row.key}=${row.value}`);
  return all.join(' ');
}

describe('any schedule of endorsing, submitting and starting again', () => {
  test('gives every transaction the code, and the state the values, of one that runs them one by one', async () => {
    await fc.assert(
      fc.asyncProperty(schedule([{ weight: 1, arbitrary: reopen }] as never), async (steps) => {
        const storage = new MemoryStorage();
        let ledger = await world.open(storage);
        const model = new Model();
        const endorsed: Modelled[] = [];
        for (const [serial, step] of steps.entries()) {
          if (step.kind === 'endorse') endorsed.push(model.endorse(world, ledger, step, serial));
          else if (step.kind === 'submit' && endorsed.length > 0) {
            const chosen = Array.from(
              { length: step.count },
              (_, i) => endorsed[(step.which + i * 7) % endorsed.length]!,
            );
            const codes = await world.commit(ledger, ...chosen.map(({ transaction }) => transaction));
            expect(codes).toEqual(model.commitAll(chosen));
          } else if (step.kind === 'reopen') {
            await ledger[Symbol.asyncDispose]();
            ledger = await world.open(storage);
          }
          expect(rowsOf(ledger.simulate('A', '', ledger.height))).toBe(model.all());
        }
        await ledger[Symbol.asyncDispose]();
      }),
      { numRuns: 1200, seed: 20261122 },
    );
  });

  test('keeps everything that was acknowledged before the power went', async () => {
    await fc.assert(
      fc.asyncProperty(schedule([{ weight: 2, arbitrary: crash }] as never), async (steps) => {
        const storage = new MemoryStorage();
        let ledger = await world.open(storage);
        const acknowledged = new Map<string, number>();
        const endorsed: LedgerTransaction[] = [];
        for (const [serial, step] of steps.entries()) {
          if (step.kind === 'endorse') {
            const [key] = [KEYS[serial % KEYS.length]!];
            endorsed.push(
              world.transaction(ledger, (simulation) => simulation.put('cc', key, Buffer.from(`${serial}`))),
            );
          } else if ((step.kind === 'submit' || step.kind === 'crash') && endorsed.length > 0) {
            const transaction = endorsed[step.which % endorsed.length]!;
            if (step.kind === 'crash') storage.cutPowerAfter(step.afterBytes);
            const committed = await world.commit(ledger, transaction).catch(() => undefined);
            if (committed !== undefined) {
              const { txId } = transaction.header;
              acknowledged.set(txId, ledger.commits.get(txId)!.blockNumber);
            }
            if (step.kind === 'crash') ledger = await world.open(storage);
          }
        }
        const again = await world.open(storage);
        for (const [txId, blockNumber] of acknowledged) expect(again.commits.get(txId)).toMatchObject({ blockNumber });
        await again[Symbol.asyncDispose]();
      }),
      { numRuns: 800, seed: 20261122 },
    );
  });
});

describe('a simulation', () => {
  test('sees one height to its end, whatever is committed meanwhile, and nothing waits for it', async () => {
    const ledger = await world.open(new MemoryStorage());
    const put = (key: string, value: string) =>
      world.transaction(ledger, (simulation) => simulation.put('cc', key, Buffer.from(value)));
    await world.commit(ledger, put('a', 'old'), put('c', 'old'));
    using snapshot = ledger.snapshot();
    const simulation = ledger.simulate('A', '', snapshot.height);
    const rows = simulation.range('cc', '', '');
    expect(rows()?.key).toBe('a');
    await world.commit(ledger, put('a', 'new'), put('b', 'new'), put('c', 'new'));
    await world.commit(ledger, put('c', 'newest'));
    expect([rows()?.value.toString(), rows()]).toEqual(['old', undefined]);
    expect(simulation.get('cc', 'a')?.toString()).toBe('old');
  });

  test('of a paginated query may not write, nor page after a write', async () => {
    const ledger = await world.open(new MemoryStorage());
    const simulation = ledger.simulate('A', 'tx', ledger.height);
    simulation.page('cc', '', '', 2);
    expect(() => simulation.put('cc', 'k', Buffer.from('v'))).toThrow(
      'txid [tx]: unsuppored transaction. Transaction has already performed a paginated query. Writes are not allowed',
    );
    const writing = ledger.simulate('A', 'tx', ledger.height);
    writing.put('cc', 'k', Buffer.from('v'));
    expect(() => writing.page('cc', '', '', 2)).toThrow(
      'Paginated queries are supported only in a read-only transaction',
    );
  });
});

describe('validation', () => {
  test('a long range is recorded as hashes and still notices any change', async () => {
    const ledger = await world.open(new MemoryStorage());
    const keys = Array.from({ length: 400 }, (_, i) => `k${String(i).padStart(4, '0')}`);
    await world.commit(
      ledger,
      world.transaction(ledger, (simulation) => {
        for (const key of keys) simulation.put('cc', key, Buffer.from('1'));
      }),
    );
    const read = (simulation: Simulation): void => {
      rowsOf(simulation);
      simulation.put('cc', 'result', Buffer.from('x'));
    };
    const [calm, upset] = [world.transaction(ledger, read), world.transaction(ledger, read)];
    const change = world.transaction(ledger, (simulation) => simulation.put('cc', 'k0399', Buffer.from('2')));
    expect(calm.endorsed?.namespaces[0]?.open.rangeQueries[0]?.merkleHashes?.maxLevelHashes.length).toBe(8);
    expect(await world.commit(ledger, calm)).toEqual([0]);
    expect(await world.commit(ledger, change)).toEqual([0]);
    expect(await world.commit(ledger, upset)).toEqual([12]);
  });

  test('endorsements count once per organization and only over what was signed', async () => {
    const ledger = await world.open(new MemoryStorage(), "OutOf(2,'A.peer','B.peer','C.peer')");
    const put = (simulation: Simulation): void => simulation.put('cc', 'k', Buffer.from('v'));
    expect(await world.commit(ledger, world.transaction(ledger, put, ['A', 'A']))).toEqual([10]);
    expect(await world.commit(ledger, world.transaction(ledger, put, ['B', 'C']))).toEqual([0]);
  });

  test('what was endorsed under an older sequence of the chaincode does not commit', async () => {
    const storage = new MemoryStorage();
    const ledger = await world.open(storage);
    const run = (simulation: Simulation): void => {
      simulation.get('_lifecycle', 'namespaces/fields/cc/Sequence');
      simulation.put('cc', 'k', Buffer.from('v'));
    };
    const [soon, late] = [world.transaction(ledger, run), world.transaction(ledger, run)];
    expect(await world.commit(ledger, soon)).toEqual([0]);
    await ledger[Symbol.asyncDispose]();
    const upgraded = await world.open(storage, undefined, 2);
    expect(await world.commit(upgraded, late)).toEqual([11]);
  });

  test('another channel, an unknown chaincode and a changed result get their own codes', async () => {
    const ledger = await world.open(new MemoryStorage());
    const other = world.transaction(ledger, (simulation) => simulation.put('nosuch', 'k', Buffer.from('v')));
    expect(await world.commit(ledger, other)).toEqual([25]);
    const sound = world.transaction(ledger, (simulation) => simulation.put('cc', 'k', Buffer.from('v')));
    const altered = Buffer.from(sound.bytes);
    altered[altered.indexOf('input')] = 0x49;
    expect(await world.commit(ledger, readTransaction(altered))).toEqual([5]);
    expect(await world.commit(ledger, readTransaction(Buffer.from('ff', 'hex')))).toEqual([255]);
  });
});
