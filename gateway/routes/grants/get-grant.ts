import { Refusal } from '@d-cloud/chaincode/domain';
import { z } from 'zod';
import { route } from '../../http/route.ts';
import { absent } from '../find.ts';
import { idOf } from '../schemas/ids.ts';
import { viewOf } from '../schemas/page.ts';
import { grantView } from '../schemas/records.ts';

export const getGrant = route({
  method: 'get',
  path: '/v1/grants/:id',
  operation: 'grant.get',
  summary: 'Get a grant as the own peer has it now, with what has been used of its limits',
  scope: 'grants:read',
  idempotent: false,
  refusals: ['GRANT_NOT_FOUND'],
  params: z.strictObject({ id: idOf('grnt') }),
  response: grantView,
  async handle({ params, ledger, signal }, { organization, readModel }) {
    const { grant, counter } = await ledger
      .evaluate('grant:get', { id: params.id }, { signal })
      .catch((error: unknown) => {
        throw error instanceof Refusal && error.kind === 'absent' ? absent('grant') : error;
      });
    if (grant.owner !== organization && grant.grantee !== organization) throw absent('grant');
    const recorded = readModel.get('grant', grant.id);
    const place = recorded === undefined ? {} : { ledger: viewOf(recorded).ledger };
    return {
      body: { ...grant, counter: { rowsReserved: counter.rowsReserved, usesReserved: counter.usesReserved }, ...place },
    };
  },
});
