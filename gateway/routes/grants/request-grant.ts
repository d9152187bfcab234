import { z } from 'zod';
import { route } from '../../http/route.ts';
import { find } from '../find.ts';
import { idOf, mspId, text } from '../schemas/ids.ts';
import { viewOf } from '../schemas/page.ts';
import { grantTermsBody, grantView } from '../schemas/records.ts';
import { grantTerms } from './grant-terms.ts';

export const requestGrant = route({
  method: 'post',
  path: '/v1/grants',
  operation: 'grant.request',
  summary: "Ask a dataset's owner for a grant or, as the owner, issue one to `grantee` that nobody asked for",
  scope: 'grants:write',
  idempotent: true,
  status: 201,
  refusals: [
    'DATASET_NOT_FOUND',
    'DATASET_RETIRED',
    'CALLER_NOT_OWNER',
    'PURPOSE_UNKNOWN',
    'PURPOSE_MISMATCH',
    'GRANT_MISMATCH',
  ],
  body: z.strictObject({
    dataset: idOf('dset'),
    grantee: mspId.optional(),
    terms: grantTermsBody,
    note: text(0, 1_000).default(''),
  }),
  response: grantView,
  async handle({ body, mint, submit }, { readModel }) {
    const id = mint('grnt');
    const { dataset, grantee, note } = body;
    const terms = grantTerms(body.terms);
    if (grantee === undefined) await submit('grant:request', { id, dataset, terms, note });
    else await submit('grant:issue', { id, dataset, grantee, terms });
    return { body: viewOf(find(readModel, 'grant', id)), location: `/v1/grants/${id}` };
  },
});
