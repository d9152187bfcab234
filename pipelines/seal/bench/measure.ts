/**
 * Best and median amount per second of this thread's own processor time, over rounds long enough to be timed. Neighbours
 * on the machine steal wall time, not this.
 */
export function measure(amountPerCall: number, call: () => void, rounds = 9): { best: number; median: number } {
  const speeds: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const began = process.threadCpuUsage();
    let calls = 0;
    let seconds = 0;
    do {
      call();
      calls++;
      const { user, system } = process.threadCpuUsage(began);
      seconds = (user + system) / 1e6;
    } while (seconds < 0.2);
    speeds.push((calls * amountPerCall) / seconds);
  }
  speeds.sort((a, b) => a - b);
  return { best: speeds.at(-1) ?? 0, median: speeds[Math.floor(speeds.length / 2)] ?? 0 };
}
