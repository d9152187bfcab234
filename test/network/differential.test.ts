/** The same seeded script on the embedded ledger and on real Fabric; what a client sees must be the same, line for line. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { differences } from '../suites/ledger/differences.ts';
import { type LedgerKind, ProbeConsortium } from '../suites/ledger/probe-consortium.ts';
import { realPrograms } from './found-programs.ts';
import { type Played, play } from './play.ts';
import { scriptOf } from './script.ts';

const { differentialLength = 200 } = globalThis as unknown as { readonly differentialLength?: number };
const seed = 20261122;
const within = 60_000 + differentialLength * 1_500;

async function played(kind: LedgerKind): Promise<Played> {
  await using consortium = await ProbeConsortium.start(kind, {
    chaincodes: [
      { name: 'probe' },
      { name: 'any', policy: "OR('A.peer','B.peer','C.peer')", collections: [{ name: 'ab', members: ['A', 'B'] }] },
    ],
  });
  return await play(consortium, scriptOf(seed, differentialLength));
}

describe(`${differentialLength} transactions of seed ${seed}`, () => {
  let ours: Played;
  beforeAll(async () => {
    ours = await played({ kind: 'embedded' });
  }, within);

  test('meet conflicts, phantoms, missing endorsements and refusals', () => {
    expect(ours.outcomes).toHaveLength(differentialLength);
    const codes = new Set(ours.outcomes.flatMap((line) => /\[(\d+)/.exec(line)?.[1] ?? 'refused'));
    expect([...codes].sort()).toEqual(expect.arrayContaining(['0', '10', '11', '12', 'refused']));
  });

  const networks = Object.entries(realPrograms.fabrics);
  if (networks.length === 0) test.skip('left out: there is no real Fabric to compare with', () => undefined);
  describe.each(networks)('on %s', (_, binaries) => {
    let theirs: Played;
    beforeAll(async () => {
      theirs = await played({ kind: 'fabric', binaries });
    }, within);

    test('have the same responses, validation codes and refusals, one by one', () => {
      expect(different(asOn(binaries.generation, ours.outcomes), theirs.outcomes)).toEqual([]);
    });
    test('leave the same state, policies, histories and private data at every organization', () => {
      expect(different(ours.state, theirs.state)).toEqual([]);
    });
    test('leave the same events', () => {
      expect(ours.events).toEqual(theirs.events);
    });
    test('stand in the same order with the same codes', () => {
      expect(ours.codes).toEqual(theirs.codes);
    });
  });
});

/** Our lines with the known differences of that generation: 3.1 refuses proposals whose time is far from its own. */
function asOn(generation: keyof typeof differences, outcomes: readonly string[]): readonly string[] {
  if (!differences[generation].proposalWindow) return outcomes;
  const refused = 'evaluated: UNAVAILABLE failed to evaluate transaction, see attached details for more info';
  return outcomes.map((line) => (line.includes(' odd time') ? line.replace(/evaluated: .*$/, refused) : line));
}

/** The lines that differ, ours and theirs. */
function different(ours: readonly string[], theirs: readonly string[]): { ours?: string; theirs?: string }[] {
  const lines = Array.from({ length: Math.max(ours.length, theirs.length) }, (_, at) => ({
    ...(ours[at] === undefined ? {} : { ours: ours[at] }),
    ...(theirs[at] === undefined ? {} : { theirs: theirs[at] }),
  }));
  return lines.filter((line) => line.ours !== line.theirs);
}
