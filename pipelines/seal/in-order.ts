/**
 * Runs the work of many items with at most `ahead` of them begun beyond the one awaited, and yields results in order.
 * However it ends, it calls `stop` and waits for what was begun.
 */
export async function* inOrder<I, O>(
  items: Iterable<I>,
  ahead: number,
  work: (item: I) => Promise<O>,
  stop: () => void,
): AsyncGenerator<O, void, undefined> {
  const begun: Promise<O>[] = [];
  try {
    for (const item of items) {
      const result = work(item);
      result.catch(() => {}); // awaited below, in order; until then a failure is no unhandled one
      begun.push(result);
      if (begun.length > ahead) yield await (begun.shift() as Promise<O>);
    }
    while (begun.length > 0) yield await (begun.shift() as Promise<O>);
  } finally {
    stop();
    await Promise.allSettled(begun);
  }
}
