import { ChaincodeDefinition, CollectionDefinition } from '@d-cloud/network/admin';
import { z } from 'zod';
import { mspId } from '../schemas/ids.ts';
import { channelName } from './channel-params.ts';

export const collectionView = CollectionDefinition.meta({ id: 'CollectionDefinition' });

export const chaincodeView = z
  .object({
    name: z.string(),
    version: z.string(),
    sequence: z.int(),
    endorsement: z.string().describe("Such as /Channel/Application/Endorsement or OR('AMSP.peer','BMSP.peer')"),
    collections: z.array(collectionView),
  })
  .meta({ id: 'Chaincode' });

export const definitionView = z
  .object({
    definition: ChaincodeDefinition,
    label: z.string().describe('Of the package that runs it'),
    proposer: mspId,
    proposedAt: z.string(),
    approvals: z.record(z.string(), z.boolean()).describe('Who has approved exactly this definition'),
    missing: z.array(z.array(z.string())).describe('The smallest groups whose approval is still needed to commit'),
  })
  .meta({ id: 'ProposedDefinition' });

export const chaincodeParams = z.strictObject({ channel: channelName, name: ChaincodeDefinition.shape.name });
export const whose = z.strictObject({
  proposer: mspId.exactOptional().describe('Whose definition is meant, where several organizations propose one'),
});
