import { describe, expect, test } from '@jest/globals';
import { type Gathering, gatherFragments } from './gather-fragments.ts';
import { SlotBook } from './slot-book.ts';

interface Pending {
  readonly slot: number;
  readonly signal: AbortSignal;
  answer(bytes: Uint8Array): void;
  fail(error: Error): void;
}

/** A get whose every answer the test gives. */
function answering() {
  const asked: Pending[] = [];
  const get: Gathering['get'] = (slot, _cid, { signal }) =>
    new Promise((resolve, reject) => {
      asked.push({ slot, signal, answer: resolve, fail: reject });
    });
  const of = (slot: number) => asked.find((pending) => pending.slot === slot) as Pending;
  return { asked, get, of };
}

function gathering(get: Gathering['get'], more: Partial<Gathering> = {}): Gathering {
  const candidates = [0, 1, 2, 3, 4, 5, 6];
  const signal = new AbortController().signal;
  const cidOf = (slot: number) => `cid ${slot}`;
  return { need: 4, candidates, cidOf, fragmentBytes: 2, get, book: new SlotBook(7), hedge: {}, signal, ...more };
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const bytes = Uint8Array.of(1, 2);

describe('gathering fragments', () => {
  test('asks k + 1 slots at once while nothing is known of them, takes the first k and gives up the last', async () => {
    const { asked, get, of } = answering();
    const book = new SlotBook(7);
    const gathered = gatherFragments(gathering(get, { book }));
    await turn();
    expect(asked.map(({ slot }) => slot)).toEqual([0, 1, 2, 3, 4]);
    for (const slot of [4, 0, 3, 1]) of(slot).answer(bytes);
    expect((await gathered).map(({ slot }) => slot)).toEqual([4, 0, 3, 1]);
    expect(of(2).signal.aborted).toBe(true);
  });

  test('asks the next slot at once for every failure and for every answer of a wrong length', async () => {
    const { asked, get, of } = answering();
    const gathered = gatherFragments(gathering(get));
    await turn();
    of(0).fail(new Error('gone'));
    of(1).answer(Uint8Array.of(1));
    await turn();
    expect(asked.map(({ slot }) => slot)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    for (const slot of [2, 3, 5, 6]) of(slot).answer(bytes);
    expect(await gathered).toHaveLength(4);
  });

  test('gives up as soon as too few slots are left, with every cause, and cancels the rest', async () => {
    const { get, of } = answering();
    const gathered = gatherFragments(gathering(get, { candidates: [0, 1, 2, 3] }));
    await turn();
    of(2).fail(new Error('disk broken'));
    const fault = await gathered.catch((error: unknown) => error);
    expect(fault).toMatchObject({
      code: 'INSUFFICIENT_FRAGMENTS',
      kind: 'unavailable',
      cause: { errors: [{ message: 'disk broken' }] },
    });
    expect(of(0).signal.aborted).toBe(true);
    await expect(gatherFragments(gathering(get, { candidates: [1, 2] }))).rejects.toMatchObject({
      code: 'INSUFFICIENT_FRAGMENTS',
    });
  });

  test('asks only as many as needed once the speeds are known, and one more when one is late', async () => {
    const { asked, get, of } = answering();
    const book = new SlotBook(7);
    for (let slot = 0; slot < 7; slot++) book.answered(slot, 1);
    const hedged = new Promise<void>((resolve) => {
      const watch: Gathering['get'] = (slot, cid, options) => {
        if (slot === 4) resolve();
        return get(slot, cid, options);
      };
      gatherFragments(gathering(watch, { book })).catch(() => {});
    });
    await turn();
    expect(asked.map(({ slot }) => slot)).toEqual([0, 1, 2, 3]);
    await hedged;
    for (const slot of [1, 2, 3, 4]) of(slot).answer(bytes);
    await turn();
    expect(of(0).signal.aborted).toBe(true);
  });

  test('an abort ends it with the signal’s reason, before and while it runs', async () => {
    const { get, of } = answering();
    const stop = new AbortController();
    const gathered = gatherFragments(gathering(get, { signal: stop.signal }));
    await turn();
    stop.abort(new Error('enough'));
    await expect(gathered).rejects.toThrow('enough');
    expect(of(0).signal.aborted).toBe(true);
    await expect(gatherFragments(gathering(get, { signal: stop.signal }))).rejects.toThrow('enough');
  });
});

describe('the slot book', () => {
  test('puts data slots first, then parity, then the slow, then those that failed', () => {
    const book = new SlotBook(6);
    for (const slot of [0, 1, 2, 3, 5]) book.answered(slot, 2);
    book.outrun(1, 500);
    book.failed(0);
    expect(book.order([5, 4, 3, 2, 1, 0])).toEqual([2, 3, 4, 5, 1, 0]);
  });

  test('puts a slot behind the others that was outrun three times in a row, until it answers again', () => {
    const book = new SlotBook(3);
    for (const slot of [1, 2]) book.answered(slot, 2);
    book.outrun(0, 3);
    book.outrun(0, 3);
    expect(book.order([0, 1, 2])).toEqual([0, 1, 2]);
    book.outrun(0, 3);
    expect(book.order([0, 1, 2])).toEqual([1, 2, 0]);
    book.answered(0, 3);
    expect(book.order([0, 1, 2])).toEqual([0, 1, 2]);
  });

  test('has no patience with slots it does not know, and twice the usual time with others', () => {
    const book = new SlotBook(3);
    book.answered(0, 10);
    expect(book.patienceMs([0, 1])).toBe(0);
    book.answered(1, 20);
    expect(book.patienceMs([0, 1])).toBe(45);
  });

  test('waits longer for slots whose times vary much than for steady ones', () => {
    const [steady, unsteady] = [new SlotBook(1), new SlotBook(1)];
    for (let round = 0; round < 20; round++) {
      steady.answered(0, 20);
      unsteady.answered(0, round % 2 === 0 ? 5 : 35);
    }
    expect(steady.patienceMs([0])).toBeCloseTo(45);
    expect(unsteady.patienceMs([0])).toBeGreaterThan(70);
  });
});
