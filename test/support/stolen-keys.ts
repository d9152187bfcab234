import { copyFile, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KeyStore } from '@d-cloud/gateway/keys';
import { parseManifest, type SharedSecret, type StorageManifest } from '@d-cloud/pipelines/seal';
import type { Network, OrganizationName } from './network.ts';

/** What whoever stole a gateway's key store with its key file knows of a version. */
export type Leak = { readonly contentKey: Uint8Array; readonly manifest: StorageManifest & SharedSecret };

/** Steals an organization's key store, as a copy of its files is, and reads what it tells of a version. */
export async function stolenFrom(network: Network, organization: OrganizationName, version: string): Promise<Leak> {
  const home = network.layout.ofOrganization(organization).gateway;
  const copy = await mkdtemp(join(tmpdir(), 'dcloud-stolen-'));
  try {
    const names = (await readdir(home)).filter((name) => name.startsWith('keys.sqlite') || name === 'key-store.key');
    for (const name of names) await copyFile(join(home, name), join(copy, name));
    using store = KeyStore.open({
      file: join(copy, 'keys.sqlite'),
      keyFile: join(copy, 'key-store.key'),
      random: (bytes) => new Uint8Array(bytes),
    });
    const kept = store.version(version as Parameters<KeyStore['version']>[0]);
    if (kept === undefined) throw new Error(`the key store of ${organization} has nothing of ${version}`);
    const manifest = parseManifest(kept.manifest);
    return { contentKey: kept.contentKey, manifest: { ...manifest, shares: manifest.shares! } };
  } finally {
    await rm(copy, { recursive: true });
  }
}
