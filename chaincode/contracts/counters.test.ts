/** Random uses of one limited grant: what is reserved is what runs, was used or was read, and never more than was granted. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Refusal } from '../domain/index.ts';
import {
  agreementKeyOf,
  alder,
  birch,
  grant,
  grantTerms,
  idOf,
  jobBody,
  photosV1,
  research,
  Story,
} from '../testing/story.ts';

type Move = { readonly kind: 'request' | 'claim' | 'cancel' | 'read'; readonly which: number };
const move: fc.Arbitrary<Move> = fc.record({
  kind: fc.constantFrom('request' as const, 'claim' as const, 'cancel' as const, 'read' as const),
  which: fc.nat(3),
});

test('a grant’s counter conserves rows and uses', async () => {
  let exhausted = 0;
  let givenBack = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(move, { minLength: 4, maxLength: 14 }),
      fc.integer({ min: 20, max: 120 }),
      async (moves, rows) => {
        const story = await new Story().granted({ ...grantTerms, rows: String(rows), uses: 4 });
        const jobs = new Map<number, { claimed: Set<number>; running: boolean }>();
        let reads = 0;
        for (const [at, { kind, which }] of moves.entries()) {
          const id = idOf('job', `job ${which}`);
          const known = jobs.get(which);
          try {
            if (kind === 'request') {
              const outputs = {
                outputDataset: idOf('dset', `out ${which}`),
                outputVersion: idOf('vers', `out ${which}`),
              };
              await story.submit('job:request', jobBody({ id, ...outputs }), story.as(birch));
              jobs.set(which, { claimed: new Set(), running: true });
            } else if (kind === 'claim' && known?.running) {
              const index = known.claimed.size;
              if (index > 1) continue;
              await story.claim(index, alder, id);
              known.claimed.add(index);
            } else if (kind === 'cancel' && known?.running) {
              await story.submit('job:cancel', { id, reason: 'x' }, story.as(birch));
              known.running = false;
              if (known.claimed.size < 2) givenBack++;
            } else if (kind === 'read') {
              const body = {
                id: idOf('accs', `read ${at}`),
                version: photosV1,
                purpose: research,
                grant,
                ephemeralKey: agreementKeyOf('x'),
              };
              const { outcome } = await story.submit('access:record', body, story.as(birch));
              if (outcome === 'allowed') reads++;
              else exhausted++;
            }
          } catch (error) {
            if (!(error instanceof Refusal)) throw error;
            if (error.code === 'GRANT_EXHAUSTED') exhausted++;
          }
          const { counter } = await story.evaluate('grant:get', { id: grant }, story.identity(alder, 'gateway'));
          const rowsOf = [20, 5];
          const held = [...jobs.values()].map(({ claimed, running }) =>
            running ? 25 : [...claimed].reduce((sum, index) => sum + (rowsOf[index] ?? 0), 0),
          );
          const uses = [...jobs.values()].filter(({ claimed, running }) => running || claimed.size > 0).length + reads;
          expect(counter.rowsReserved).toBe(String(held.reduce((sum, used) => sum + used, reads * 25)));
          expect(counter.usesReserved).toBe(uses);
          expect(Number(counter.rowsReserved)).toBeLessThanOrEqual(rows);
          expect(counter.usesReserved).toBeLessThanOrEqual(4);
        }
      },
    ),
    { numRuns: 60 },
  );
  expect(exhausted).toBeGreaterThan(0);
  expect(givenBack).toBeGreaterThan(0);
});
