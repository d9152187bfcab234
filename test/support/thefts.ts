/** What somebody has who copied an organization's key store, and every storage node's disk. */
import { copyFile, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readRefusal } from '@d-cloud/chaincode/domain';
import { KeyStore } from '@d-cloud/gateway/keys';
import { connectLedger } from '@d-cloud/network/ledger';
import {
  blockDigest,
  gatherSecret,
  openSegments,
  parseManifest,
  SealFault,
  type SealThreads,
  type SharedSecret,
  type StorageManifest,
} from '@d-cloud/pipelines/seal';
import { storedBlocks } from './blocks.ts';
import type { Json } from './command-line.ts';
import type { Network } from './network.ts';
import { sha256 } from './stories.ts';
import type { TarEntry } from './tar.ts';

/** Copies an organization's key store with its key file, as a backup of both holds them, and opens the copy. Disposing removes it. */
export async function stealKeyStore(
  network: Network,
  organization: string,
): Promise<{ readonly store: KeyStore } & AsyncDisposable> {
  const home = network.layout.ofOrganization(organization).gateway;
  const copy = await mkdtemp(join(tmpdir(), 'dcloud-stolen-'));
  const names = (await readdir(home)).filter((name) => name.startsWith('keys.sqlite') || name === 'key-store.key');
  for (const name of names) await copyFile(join(home, name), join(copy, name));
  const store = KeyStore.open({
    file: join(copy, 'keys.sqlite'),
    keyFile: join(copy, 'key-store.key'),
    random: (bytes) => new Uint8Array(bytes),
  });
  return {
    store,
    async [Symbol.asyncDispose]() {
      store[Symbol.dispose]();
      await rm(copy, { recursive: true });
    },
  };
}

/** All blocks on all storage nodes of the network as they lie there now, by the SHA-256 of what is in them, hex. */
export async function stealDisks(network: Network): Promise<ReadonlyMap<string, Uint8Array>> {
  const blocks = new Map<string, Uint8Array>();
  for (const path of (await storedBlocks(network)).values()) {
    // One that goes while it is looked for is not there.
    const bytes = await readFile(path).catch(() => undefined);
    if (bytes !== undefined) blocks.set(sha256(bytes), bytes);
  }
  return blocks;
}

/** What opens a version beside its blocks. */
export type StolenKeys = {
  readonly contentKey: Uint8Array;
  readonly manifest: Uint8Array;
  readonly shares?: Uint8Array;
};

/** What the ledger keeps of a version, opened with a stolen key of its dataset; nothing where none of them opens it. */
export function keptUnder(store: KeyStore, id: string, sealed: Uint8Array): StolenKeys | undefined {
  for (const { dataset: of, epoch } of store.datasetKeys()) {
    try {
      const named = { version: id, dataset: of, epoch } as Parameters<KeyStore['openKept']>[0];
      const { contentKey, manifest, shares } = JSON.parse(store.openKept(named, sealed).toString('utf8'));
      const bytes = (text: string) => Buffer.from(text, 'base64');
      return { contentKey: bytes(contentKey), manifest: bytes(manifest), ...(shares && { shares: bytes(shares) }) };
    } catch {
      // Not under this one.
    }
  }
  return undefined;
}

/** Whether stolen keys open a version with the blocks on these disks, to what was published. */
export async function theftOpens(
  entries: readonly TarEntry[],
  keys: StolenKeys | undefined,
  disks: ReadonlyMap<string, Uint8Array>,
  threads: SealThreads,
): Promise<boolean> {
  if (keys === undefined) return false;
  const parsed = parseManifest(keys.manifest);
  const manifest = { ...parsed, shares: keys.shares ?? parsed.shares! } satisfies StorageManifest & SharedSecret;
  const get = async (_: number, cid: string) => {
    const bytes = disks.get(Buffer.from(blockDigest(cid)).toString('hex'));
    if (bytes === undefined) throw new Error(`no disk has ${cid}`);
    return bytes;
  };
  try {
    const s = await gatherSecret(manifest, { get, hedge: { afterMs: 5 } });
    const secretFor = () => ({ cek: keys.contentKey, s });
    const segments = await Array.fromAsync(openSegments(manifest, { secretFor, get, threads, hedge: { afterMs: 5 } }));
    const plain = Buffer.concat(segments.map(({ bytes }) => bytes));
    return entries.every(({ bytes }) => plain.includes(Buffer.from(bytes!)));
  } catch (error) {
    if (error instanceof SealFault) return false;
    throw error;
  }
}

/** What the ledger keeps for an organization in its private collection, by name, sealed, as its own peer has it. */
export async function keptOnLedger(network: Network, name: string): Promise<ReadonlyMap<string, Buffer>> {
  const config = await readFile(network.layout.ofOrganization(name).gatewayConfig, 'utf8');
  const { channel, chaincode, organization, ledger } = JSON.parse(config);
  const { certificate, key } = ledger.identities.gateway;
  await using connected = connectLedger({
    peerAddress: ledger.address,
    tlsRoots: [await readFile(ledger.tlsRoot, 'utf8')],
    tlsServerName: ledger.serverName,
    identity: {
      mspId: organization.mspId,
      certificate: await readFile(certificate, 'utf8'),
      privateKey: await readFile(key, 'utf8'),
    },
    channel,
    chaincode,
    readRefusal,
  });
  const endorsingOrganizations = [organization.mspId];
  const answer = await connected.evaluate('key:list', ['{}'], { endorsingOrganizations });
  const { entries, more } = JSON.parse(Buffer.from(answer).toString('utf8'));
  if (more) throw new Error('more is kept than this reads');
  return new Map(entries.map(({ name, value }: Json) => [name, Buffer.from(value, 'base64')]));
}
