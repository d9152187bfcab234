import { z } from 'zod';

const MspId = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9.-]{0,63}$/, 'must be an MSP id');

/** A private data collection: whose peers hold the plaintext, and for how many blocks. */
export const CollectionDefinition = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/, 'must be the name of a collection'),
  members: z.array(MspId).min(1).max(64).readonly().describe('MSP ids of the members'),
  requiredPeerCount: z.int().min(0).max(64),
  maximumPeerCount: z.int().min(0).max(64),
  blockToLive: z.int().min(0).describe('Blocks until the data is purged; 0 keeps it for ever'),
  memberOnlyRead: z.boolean(),
  memberOnlyWrite: z.boolean(),
});
export type CollectionDefinition = z.output<typeof CollectionDefinition>;

/** Who must endorse: a policy of the channel by path, or a signature policy such as `AND('A.peer','B.peer')`. */
export const EndorsementRule = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('channel-policy'), path: z.string().max(512).startsWith('/Channel/') }),
  z.strictObject({ kind: z.literal('signatures'), rule: z.string().min(1).max(4_096) }),
]);
export type EndorsementRule = z.output<typeof EndorsementRule>;

/** What organizations agree upon before a chaincode runs. Sequence counts from 1 and goes up by one with each change. */
export const ChaincodeDefinition = z.strictObject({
  channel: z.string().min(1).max(249),
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/, 'must be the name of a chaincode'),
  version: z.string().regex(/^[A-Za-z0-9_.+-]{1,64}$/, 'must be a version of a chaincode'),
  sequence: z.int().min(1),
  endorsement: EndorsementRule.exactOptional().describe("MAJORITY of the organizations' peers when not given"),
  collections: z.array(CollectionDefinition).max(32).readonly().exactOptional(),
});
export type ChaincodeDefinition = z.output<typeof ChaincodeDefinition>;
