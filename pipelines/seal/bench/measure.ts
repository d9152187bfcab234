/** Best and median amount per second of some rounds, each long enough to be timed. */
export function measure(amountPerCall: number, call: () => void, rounds = 7): { best: number; median: number } {
  const speeds: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const began = process.hrtime.bigint();
    let calls = 0;
    let seconds = 0;
    do {
      call();
      calls++;
      seconds = Number(process.hrtime.bigint() - began) / 1e9;
    } while (seconds < 0.3);
    speeds.push((calls * amountPerCall) / seconds);
  }
  speeds.sort((a, b) => a - b);
  return { best: speeds.at(-1) ?? 0, median: speeds[Math.floor(speeds.length / 2)] ?? 0 };
}
