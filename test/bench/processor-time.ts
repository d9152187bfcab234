import { readFile } from 'node:fs/promises';

/** Linux counts processor time in hundredths of a second (USER_HZ). */
const tickMs = 10;

/** Milliseconds of processor time that some work took in this process and in those that serve it: what neighbours on the machine do not change. */
export async function processorMs(pids: readonly number[], work: () => Promise<unknown>): Promise<number> {
  const before = await servedMs(pids);
  const began = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(began);
  return (user + system) / 1000 + (await servedMs(pids)) - before;
}

async function servedMs(pids: readonly number[]): Promise<number> {
  let ticks = 0;
  for (const pid of pids) {
    // The name in parentheses may hold anything; utime and stime are the 14th and 15th field (proc_pid_stat(5)).
    const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).replace(/^.*\) /s, '').split(' ');
    ticks += Number(fields[11]) + Number(fields[12]);
  }
  return ticks * tickMs;
}
