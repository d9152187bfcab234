import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { renameDurably, replaceFile } from '../../files/index.ts';
import { Fault } from '../../ledger/fault.ts';
import { type KuboSettings, privateConfig, publicConfig } from './kubo-config.ts';

/** The environment of every ipfs process: its repository and nothing of ours; unless it is public, swarm connections only under the private network's key. */
export function ipfsEnvironment(directory: string, { isPublic = false } = {}): Record<string, string> {
  return {
    IPFS_PATH: directory,
    IPFS_TELEMETRY: 'off',
    ...(isPublic ? {} : { LIBP2P_FORCE_PNET: '1' }),
    HOME: directory,
    PATH: '/usr/bin:/bin',
  };
}

/**
 * Founds the repository of a Kubo node unless it is there, and writes its configuration anew. What a crash left half-made is never taken for a repository. Returns the node's peer id.
 * `swarmKey` is the 32-byte key of a private libp2p network in hex; without one a private node gets its own and can connect with nobody. A public node has none.
 */
export async function prepareRepository(
  ipfs: string,
  directory: string,
  settings: KuboSettings & { readonly swarmKey?: string },
): Promise<string> {
  const configPath = join(directory, 'config');
  const initial = (await readJson(configPath)) ?? (await found(ipfs, directory));
  const peerId = peerIdOf(initial);
  if (peerId === undefined)
    throw new Fault('corrupt', `${configPath} has no identity; move the directory away to found the node anew`);
  const { publicSwarm, swarmKey } = settings;
  const config = publicSwarm ? publicConfig(initial, settings, publicSwarm) : privateConfig(initial, settings);
  await replaceFile(configPath, JSON.stringify(config, undefined, 2));
  await placeSwarmKey(join(directory, 'swarm.key'), publicSwarm === undefined, swarmKey);
  return peerId;
}

/** The peer id of the repository in a directory; nothing where none is. */
export async function peerIdIn(directory: string): Promise<string | undefined> {
  return peerIdOf(await readJson(join(directory, 'config')));
}

function peerIdOf(config: Readonly<Record<string, unknown>> | undefined): string | undefined {
  const { PeerID: peerId } = (config?.Identity ?? {}) as { readonly PeerID?: unknown };
  return typeof peerId === 'string' ? peerId : undefined;
}

/** A key on disk makes Kubo keep to its private network, so a public node has none; a private one keeps what it has unless another is given. */
async function placeSwarmKey(path: string, isPrivate: boolean, swarmKey: string | undefined): Promise<void> {
  if (!isPrivate) return rm(path, { force: true });
  const isThere = await stat(path).then(
    () => true,
    () => false,
  );
  if (isThere && swarmKey === undefined) return;
  const key = swarmKey ?? randomBytes(32).toString('hex');
  await replaceFile(path, `/key/swarm/psk/1.0.0/\n/base16/\n${key}\n`);
}

async function found(ipfs: string, directory: string): Promise<Record<string, unknown>> {
  await mkdir(dirname(directory), { recursive: true });
  const halfMade = `${directory}.founding`;
  await rm(halfMade, { recursive: true, force: true });
  await mkdir(halfMade, { mode: 0o700 });
  await promisify(execFile)(ipfs, ['init', '--empty-repo'], { env: ipfsEnvironment(halfMade), timeout: 60_000 }).catch(
    (cause: unknown) => {
      throw new Fault('misconfigured', `ipfs could not found a repository at ${directory}`, { cause });
    },
  );
  // An empty directory may be in the way, made by whoever chose the place; anything else stops the rename.
  await renameDurably(halfMade, directory).catch((cause: unknown) => {
    throw new Fault('misconfigured', `${directory} holds something that is not an IPFS repository; move it away`, {
      cause,
    });
  });
  await chmod(directory, 0o700);
  return (await readJson(join(directory, 'config'))) ?? {};
}

async function readJson(path: string): Promise<Record<string, unknown> | undefined> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch (cause) {
    throw new Fault('corrupt', `${path} is not JSON`, { cause });
  }
}
