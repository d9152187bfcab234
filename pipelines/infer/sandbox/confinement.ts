import { spawnSync } from 'node:child_process';
import { accessSync, constants, realpathSync } from 'node:fs';

/** What the platform lets us take away from a child that parses foreign bytes; a compute node's certificate names it. */
export interface Confinement {
  /** `namespace`: no network device but a dead loopback. `open`: the platform refused, foreign models are not run here. */
  readonly network: 'namespace' | 'open';
  /** `nobody`: another user without capabilities, who cannot read our key files. `same`: our own user. */
  readonly identity: 'nobody' | 'same';
  /** `limits`: the kernel bounds data, files written and descriptors. `heap`: only V8's heap is bounded. */
  readonly memory: 'limits' | 'heap';
  /** Whether the kernel kills the child when we die. */
  readonly diesWithUs: boolean;
}

/** How to start a confined program: put `prefix` before its command line. */
export interface Confiner {
  readonly confinement: Confinement;
  readonly prefix: readonly string[];
}

const unshare = '/usr/bin/unshare';
const setpriv = '/usr/bin/setpriv';
const nobody = '65534';

/**
 * Finds the strongest confinement that works here for a program at `executable` that reads files under `readable`, by trying each one.
 * Namespaces and credentials by unshare(1) and setpriv(1) of util-linux; both replace themselves, so the process id stays the child's.
 */
export function findConfiner(executable: string, readable: string): Confiner {
  const networks: [Confinement['network'], string[]][] = [
    ['namespace', [unshare, '--net', '--ipc']],
    ['namespace', [unshare, '--net', '--ipc', '--map-root-user']],
    ['open', []],
  ];
  const bare = [setpriv, '--no-new-privs', '--inh-caps=-all', '--pdeathsig=KILL'];
  const identities: [Confinement['identity'], boolean, string[]][] = [
    ['nobody', true, [...bare, '--bounding-set=-all', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups']],
    ['same', true, [...bare, '--bounding-set=-all']],
    ['same', true, [setpriv, '--no-new-privs', '--pdeathsig=KILL']],
    ['same', false, []],
  ];
  const memory = process.platform === 'linux' ? 'limits' : 'heap';
  const probe = [executable, '-e', `require('node:fs').accessSync(${JSON.stringify(readable)}, 4)`];
  for (const [network, outer] of networks) {
    for (const [identity, diesWithUs, inner] of identities) {
      const prefix = [...outer, ...inner];
      if (works([...prefix, ...probe])) return { confinement: { network, identity, memory, diesWithUs }, prefix };
    }
  }
  return { confinement: { network: 'open', identity: 'same', memory, diesWithUs: false }, prefix: [] };
}

function works(command: readonly string[]): boolean {
  const [program, ...args] = command;
  if (program === undefined || !executableAt(program)) return false;
  return spawnSync(program, args, { env: {}, cwd: '/', stdio: 'ignore', timeout: 10_000 }).status === 0;
}

function executableAt(path: string): boolean {
  try {
    accessSync(realpathSync(path), constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
