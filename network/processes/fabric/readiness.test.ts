import { expect, test } from '@jest/globals';
import { caughtUp } from './readiness.ts';

const { signal } = new AbortController();
const withinMs = 1_000;

/** Tells each height twice, and the last one for ever: it is asked again after a while where nothing has come. */
function peer(last: number) {
  let asked = 0;
  return { name: 'peer-alder', height: async () => Math.min(1 + Math.floor(asked++ / 2), last) };
}

test('a peer that is behind is waited for as long as blocks come, however long that takes', async () => {
  const began = performance.now();
  await caughtUp(peer(15), 15, { signal, withinMs });
  expect(performance.now() - began).toBeGreaterThan(withinMs);
});

test('a peer that gets no block any more is given up, with the number of those that it has', async () => {
  await expect(caughtUp(peer(3), 9, { signal, withinMs })).rejects.toThrow('it has 3 of 9 blocks');
});
