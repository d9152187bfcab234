import { z } from 'zod';
import { route } from '../../http/route.ts';
import { count, idOf, purposeId } from '../schemas/ids.ts';

export const checkGrant = route({
  method: 'post',
  path: '/v1/grants/check',
  operation: 'grant.check',
  summary: 'Say what the rules would answer to a job or a read, without asking for it',
  scope: 'grants:read',
  idempotent: false,
  refusals: ['VERSION_NOT_FOUND', 'GRANT_NOT_FOUND'],
  body: z.strictObject({
    version: idOf('vers'),
    purpose: purposeId,
    action: z.enum(['use', 'read']),
    grant: idOf('grnt').optional(),
    model: idOf('modl').optional(),
    rows: count.optional(),
  }),
  response: z.discriminatedUnion('allowed', [
    z.object({ allowed: z.literal(true) }),
    z.object({ allowed: z.literal(false), code: z.string(), detail: z.string() }),
  ]),
  async handle({ body, ledger, signal }) {
    const { grant, model, rows, ...asked } = body;
    const question = {
      ...asked,
      ...(grant !== undefined && { grant }),
      ...(model !== undefined && { model }),
      ...(rows !== undefined && { rows }),
    };
    return { body: await ledger.evaluate('grant:check', question, { signal }) };
  },
});
