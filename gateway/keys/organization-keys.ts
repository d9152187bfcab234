import type { MspId, OrganizationRecord } from '@d-cloud/chaincode/domain';
import { Fault } from '@d-cloud/network/ledger';
import { type KeyPair, publicKeyOf } from '@d-cloud/pipelines/seal';
import type { ReadModel } from '../projection/index.ts';
import type { KeyStore } from './key-store.ts';

const prefix = 'agreement-key-';

/** An organization's key-encryption key of an epoch: an X25519 pair. */
export type OrganizationKey = KeyPair & { readonly epoch: number };

/**
 * The key of the newest epoch that the ledger has. The first one is minted while the organization is not registered, and never after: Fault
 * `misconfigured` where the registered key is not here, because the key store was lost or is older than a rotation.
 */
export function organizationKey(
  keys: KeyStore,
  registered: Pick<OrganizationRecord, 'agreementKeys'> | undefined,
): OrganizationKey {
  const here = organizationKeys(keys);
  const newest = registered?.agreementKeys.at(-1);
  if (newest === undefined) return here[0] ?? mintOrganizationKey(keys, 1);
  const own = here.find(({ epoch }) => epoch === newest.epoch);
  if (own !== undefined && Buffer.from(own.publicKey).toString('base64') === newest.publicKey) return own;
  throw new Fault(
    'misconfigured',
    `The key of epoch ${newest.epoch} that the organization is registered with is not in this key store, which was lost or is older: stop the gateway, move keys.sqlite away and run dcloud keys recover first.`,
  );
}

/** The key of epoch 1, or of the next one before the ledger is told of it: minted when first asked for. */
export function mintOrganizationKey(keys: KeyStore, epoch: number): OrganizationKey {
  const privateKey = keys.secret(`${prefix}${epoch}`);
  return { epoch, privateKey, publicKey: publicKeyOf(privateKey) };
}

/** The epoch that the ledger has as the newest; 1 while the organization is not registered. */
export function organizationEpoch(readModel: Pick<ReadModel, 'get'>, organization: MspId): number {
  return readModel.get('organization', organization)?.record.agreementKeys.at(-1)?.epoch ?? 1;
}

/** Every key there is, the oldest first. */
export function organizationKeys(keys: KeyStore): readonly OrganizationKey[] {
  return keys
    .secretNames(prefix)
    .map((name) => Number(name.slice(prefix.length)))
    .toSorted((a, b) => a - b)
    .map((epoch) => mintOrganizationKey(keys, epoch));
}

export function putOrganizationKey(keys: KeyStore, epoch: number, secret: Uint8Array): void {
  keys.putSecret(`${prefix}${epoch}`, secret);
}
