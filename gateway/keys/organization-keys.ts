import type { MspId } from '@d-cloud/chaincode/domain';
import { Fault } from '@d-cloud/network/ledger';
import { type KeyPair, publicKeyOf } from '@d-cloud/pipelines/seal';
import type { ReadModel } from '../projection/index.ts';
import type { KeyStore } from './key-store.ts';

const prefix = 'agreement-key-';

/** An organization's key-encryption key of an epoch: an X25519 pair. */
export type OrganizationKey = KeyPair & { readonly epoch: number };

/** The key of an epoch that the ledger has. Fault `misconfigured` where it is not here: the key store is older than its rotation. */
export function organizationKey(keys: KeyStore, epoch: number): OrganizationKey {
  const isHere = epoch === 1 || keys.secretNames(prefix).includes(`${prefix}${epoch}`);
  if (isHere) return mintOrganizationKey(keys, epoch);
  throw new Fault(
    'misconfigured',
    `The organization's key of epoch ${epoch} is not in this key store, which is older: recover it with dcloud keys recover.`,
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
