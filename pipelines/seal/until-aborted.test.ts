import { describe, expect, test } from '@jest/globals';
import { untilAborted } from './until-aborted.ts';

describe('passing items on until a signal aborts', () => {
  test('gives every item of a source that ends', async () => {
    async function* source() {
      yield 1;
      yield 2;
    }
    expect(await Array.fromAsync(untilAborted(source(), new AbortController().signal))).toEqual([1, 2]);
  });

  test('throws the reason while the source is silent', async () => {
    const stop = new AbortController();
    async function* source() {
      yield 1;
      await new Promise(() => {});
    }
    const items = untilAborted(source(), stop.signal);
    expect(await items.next()).toEqual({ value: 1, done: false });
    const waiting = items.next();
    stop.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
  });

  test('holds no item once it is passed on', async () => {
    const gone: WeakRef<object>[] = [];
    const { signal } = new AbortController();
    async function* source() {
      for (let at = 0; at < 50; at++) {
        const item = { bytes: new Uint8Array(1024) };
        gone.push(new WeakRef(item));
        yield item;
      }
    }
    const items = untilAborted(source(), signal);
    for (let at = 0; at < 49; at++) await items.next();
    const { setFlagsFromString } = await import('node:v8');
    const { runInNewContext } = await import('node:vm');
    setFlagsFromString('--expose-gc');
    // A weak reference keeps its target to the end of the job in which it was made.
    await new Promise((resolve) => setImmediate(resolve));
    (runInNewContext('gc') as () => void)();
    expect(gone.slice(0, 40).filter((one) => one.deref() !== undefined)).toEqual([]);
    await items.return();
  });
});
