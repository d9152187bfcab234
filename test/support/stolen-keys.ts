import type { KeyStore } from '@d-cloud/gateway/keys';
import { parseManifest, type SharedSecret, type StorageManifest } from '@d-cloud/pipelines/seal';
import type { Network, OrganizationName } from './network.ts';
import { stealKeyStore } from './thefts.ts';

/** What whoever stole a gateway's key store with its key file knows of a version. */
export type Leak = { readonly contentKey: Uint8Array; readonly manifest: StorageManifest & SharedSecret };

/** Steals an organization's key store, as a copy of its files is, and reads what it tells of a version. */
export async function stolenFrom(network: Network, organization: OrganizationName, version: string): Promise<Leak> {
  await using stolen = await stealKeyStore(network, organization);
  const kept = stolen.store.version(version as Parameters<KeyStore['version']>[0]);
  if (kept === undefined) throw new Error(`the key store of ${organization} has nothing of ${version}`);
  const manifest = parseManifest(kept.manifest);
  return { contentKey: kept.contentKey, manifest: { ...manifest, shares: manifest.shares! } };
}
