import { quantile } from './figure.ts';

/** What a load of so many callers at once came to. Times in milliseconds. */
export type LoadResult = {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly failures: number;
};

/** Calls `act` from `callers` callers, each as soon as its last call is back, for `forMs` after `warmUpMs`. */
export async function load(
  act: () => Promise<unknown>,
  { callers, forMs, warmUpMs = 1_000 }: { callers: number; forMs: number; warmUpMs?: number },
): Promise<LoadResult> {
  const begin = performance.now() + warmUpMs;
  const end = begin + forMs;
  const samples: number[] = [];
  let failures = 0;
  const caller = async () => {
    for (let at = performance.now(); at < end; ) {
      const failed = await act().then(
        () => false,
        () => true,
      );
      const now = performance.now();
      if (at >= begin && now <= end) failed ? failures++ : samples.push(now - at);
      at = now;
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return {
    perSecond: (samples.length * 1000) / forMs,
    p50Ms: quantile(samples, 0.5),
    p99Ms: quantile(samples, 0.99),
    failures,
  };
}
