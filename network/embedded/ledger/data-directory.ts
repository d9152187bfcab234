import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Fault } from '../../ledger/fault.ts';

/** Directories that this very process holds. */
const held = new Set<string>();

/** Takes a data directory for this process alone until disposed; refuses where a living process holds it. */
export function holdDirectory(directory: string): Disposable {
  const path = resolve(directory);
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const file = join(path, 'ledger.pid');
  if (held.has(path) || !(written(file) || (stale(file) && written(file)))) {
    const pid = held.has(path) ? process.pid : ownerOf(file)?.pid;
    throw new Fault(
      'misconfigured',
      `The ledger's directory ${path} is in use by process ${pid ?? 'unknown'}. Stop that one first.`,
    );
  }
  held.add(path);
  return {
    [Symbol.dispose]: () => {
      held.delete(path);
      rmSync(file, { force: true });
    },
  };
}

function written(file: string): boolean {
  try {
    const descriptor = openSync(file, 'wx', 0o600);
    writeSync(descriptor, `${process.pid} ${startOf(process.pid) ?? ''}\n`);
    closeSync(descriptor);
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw cause;
  }
}

/** Takes the mark of a process that lives no more away. */
function stale(file: string): boolean {
  const owner = ownerOf(file);
  if (owner !== undefined && alive(owner.pid) && startOf(owner.pid) === owner.start) return false;
  rmSync(file, { force: true });
  return true;
}

function ownerOf(file: string): { pid: number; start: string | undefined } | undefined {
  try {
    const [pid, start] = readFileSync(file, 'utf8').trim().split(' ');
    return /^\d+$/.test(pid ?? '') ? { pid: Number(pid), start: start === '' ? undefined : start } : undefined;
  } catch {
    return undefined;
  }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * When a process was started, in the kernel's ticks: process ids are given out again. Only Linux tells. Nothing of one that has
 * ended and only waits for its parent to notice, as one may for long whose parent was killed.
 */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}
