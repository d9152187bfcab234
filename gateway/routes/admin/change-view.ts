import { z } from 'zod';
import { changeStates } from '../../admin/change-store.ts';
import { idOf, mspId, text } from '../schemas/ids.ts';

const organizations = z.array(z.string());
const sets = z.array(organizations);

const power = z
  .object({
    rule: z.string().describe('As it is written, such as MAJORITY Admins'),
    approve: sets.describe('The smallest groups of organizations that can approve; none: nobody can'),
    block: sets.describe('The smallest groups that can stop an approval by doing nothing'),
    uncounted: z.string().optional().describe('Why both lists hold single organizations only: it names too many'),
  })
  .meta({ id: 'PolicyPower' });

/** What becomes of one policy. */
export const policyImpactView = z
  .object({ path: z.string(), before: power.optional(), after: power.optional(), changed: z.boolean() })
  .meta({ id: 'PolicyImpact' });

const sentence = { path: z.string(), sentence: z.string() };

export const changeView = z
  .object({
    id: idOf('chng').describe('A digest of the channel and of the bytes that are signed'),
    channel: z.string(),
    sequence: z.int().describe('The configuration that it was made for; another one in force voids its signatures'),
    proposer: mspId,
    summary: z.string().describe("The proposer's words; decide by the review"),
    proposedAt: z.string(),
    state: z.enum(changeStates),
    block: z.int().optional().describe('The config block that carries it'),
    answer: z
      .object({ answer: z.enum(['signed', 'refused']), at: z.string(), reason: z.string().optional() })
      .optional()
      .describe('What the own organization answered'),
    refusals: z.array(z.object({ mspId: z.string(), reason: z.string() })),
    review: z
      .object({
        changes: z.array(
          z.object({
            path: z.string(),
            change: z.enum(['added', 'removed', 'changed']),
            before: z.unknown().optional(),
            after: z.unknown().optional(),
          }),
        ),
        touched: z.array(
          z.object({
            kind: z.enum(['group', 'value', 'policy']),
            path: z.string(),
            change: z.enum(['changed', 'added', 'removed']),
            guard: z.string().optional(),
          }),
        ),
        impact: z.array(policyImpactView).describe('Policies whose powers change'),
        objections: z.array(z.object({ code: z.string(), ...sentence })).describe('Not empty: it is not signed'),
        cautions: z.array(z.object({ code: z.string(), ...sentence })),
        progress: z.object({
          guards: z.array(z.object({ path: z.string(), satisfied: z.boolean() })),
          signed: organizations,
          invalid: z.array(z.object({ mspId: z.string(), reason: z.string() })),
          refused: organizations,
          complete: z.boolean(),
          missing: sets.describe('The smallest groups whose signatures would complete it'),
        }),
        bar: z.object({
          signed: z.int(),
          needed: z.int().nullable().describe('Null: nobody left can complete it'),
        }),
      })
      .optional()
      .describe("Made from the change's bytes and the own peer's configuration"),
    unreviewed: z.string().optional().describe('Why there is no review'),
  })
  .meta({ id: 'ChannelChange' });

/** What an organization changes of itself goes into every channel that it is in. */
export const carriedChanges = z.object({ changes: z.array(changeView).describe('One of each channel, in force') });

export const changeParams = z.strictObject({ id: idOf('chng') });
export const changeSummary = text(1, 1000);
