import { z } from 'zod';
import { departureSteps } from '../../members/departure.ts';
import { idOf, mspId } from '../schemas/ids.ts';

const stepView = z.object({
  step: z.enum(departureSteps),
  remaining: z.int().min(0),
  awaited: z
    .object({
      kind: z.enum(['signatures', 'approvals']),
      of: z.string().describe("A change's id, or a chaincode and its sequence"),
      address: z.string().optional().describe('The orderer that the change takes out, host:port: look whose it is'),
      given: z.array(z.string()),
      missing: z
        .array(z.array(z.string()))
        .describe('The smallest groups any of which would be enough; one empty group: any other member may submit it'),
    })
    .optional()
    .describe('Whose word it waits for: their admins advance the same departure'),
  blocked: z.string().optional().describe('Why it cannot go on, and what to do'),
});

/** An organization's leaving: what it touches and how far it has come, as of `block`. */
export const departureView = z
  .object({
    mspId,
    own: z.boolean(),
    left: z.boolean().describe('Left for good, by the ledger'),
    expulsion: z.array(mspId).describe('Members that ask for its expulsion, while they are too few'),
    steps: z
      .array(stepView)
      .describe(
        'In their order, with what is left of each; what is left of the own part is done by advancing. A gateway without administration tells of the channel only the last',
      ),
    touches: z.object({
      grantsGiven: z.int().describe('Open grants on its data: they end'),
      grantsHeld: z.int().describe('Open grants that it holds: they end'),
      jobs: z
        .int()
        .describe('Running jobs that are its own, or that need its data, its model or only its nodes: they end'),
      storageNodes: z.int(),
      computeNodes: z.int(),
      versions: z
        .array(
          z.object({
            version: idOf('vers'),
            fragments: z.int(),
            without: z
              .enum(['stored', 'degraded', 'at-risk', 'lost'])
              .describe('How it would be stored if the organization were gone at once'),
          }),
        )
        .describe('Own versions with fragments on its storage nodes; 200 at most'),
      unreadable: z
        .array(z.object({ grant: idOf('grnt'), dataset: idOf('dset'), title: z.string().optional(), grantee: mspId }))
        .describe('Its data that others may read now and will not any more; 200 at most'),
      derived: z
        .array(z.object({ version: idOf('vers'), owner: mspId }))
        .describe('What others made of its data: it stays; 200 at most'),
    }),
    block: z.int(),
  })
  .meta({ id: 'Departure' });
