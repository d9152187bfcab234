import { isMspId, type MspId } from './ids.ts';

/** The private collection that holds the catalogue cards: every member reads and writes it, the channel sees salted hashes. */
export const catalogueCollection = 'catalogue';

/** A collection as a chaincode definition takes it (`collections_config.json` of Fabric's lifecycle). */
export type CollectionDefinition = {
  readonly name: string;
  /** Signature policy in Fabric's text form. */
  readonly policy: string;
  readonly requiredPeerCount: number;
  readonly maxPeerCount: number;
  /** 0: never purged by age. */
  readonly blockToLive: number;
  readonly memberOnlyRead: boolean;
  readonly memberOnlyWrite: boolean;
  readonly endorsementPolicy: { readonly channelConfigPolicy: string };
};

/** The catalogue's definition for these members. Its own endorsement policy keeps non-members from writing into it. */
export function catalogueDefinition(members: readonly MspId[]): CollectionDefinition {
  if (members.length === 0 || !members.every(isMspId))
    throw new RangeError('a collection needs the MSP ids of its members');
  const sorted = [...members].sort((a, b) => (a < b ? -1 : 1));
  return {
    name: catalogueCollection,
    policy: `OR(${sorted.map((mspId) => `'${mspId}.member'`).join(', ')})`,
    requiredPeerCount: 0,
    maxPeerCount: Math.max(1, members.length - 1),
    blockToLive: 0,
    memberOnlyRead: true,
    memberOnlyWrite: true,
    endorsementPolicy: { channelConfigPolicy: '/Channel/Application/Endorsement' },
  };
}
