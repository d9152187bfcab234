import { z } from 'zod';
import { route } from '../../http/route.ts';
import { contentFormOf } from '../../open/content-form.ts';
import { sendContent } from '../../open/send-content.ts';
import { find } from '../find.ts';
import { idOf, purposeId } from '../schemas/ids.ts';
import { rowRange, rowsIn } from '../schemas/row-range.ts';

export const getContent = route({
  method: 'get',
  path: '/v1/versions/:id/content',
  operation: 'version.getContent',
  summary: "Read a version's content; another organization's is read under a grant, and the access is recorded",
  scope: 'datasets:read',
  idempotent: false,
  raw: true,
  produces: [
    'application/x-tar',
    'application/vnd.apache.arrow.stream',
    'application/x-ndjson',
    'application/octet-stream',
  ],
  refusals: [
    'VERSION_NOT_FOUND',
    'GRANT_NOT_ISSUED',
    'GRANT_REVOKED',
    'GRANT_EXPIRED',
    'GRANT_EXHAUSTED',
    'PURPOSE_MISMATCH',
    'ACTION_NOT_GRANTED',
  ],
  params: z.strictObject({ id: idOf('vers') }),
  query: z.strictObject({ purpose: purposeId.optional(), grant: idOf('grnt').optional(), rows: rowRange.optional() }),
  async handle({ params, query, mint, submit, signal }, services, { incoming, outgoing }) {
    const { record } = find(services.readModel, 'version', params.id);
    const dataset = services.readModel.get('dataset', record.dataset)?.record;
    const isTable = dataset?.modality === 'table' || dataset?.modality === 'results';
    const content = await services.open({
      version: params.id,
      form: contentFormOf(incoming.headers.accept, isTable || query.rows !== undefined ? 'arrow' : 'tar'),
      rows: rowsIn(query.rows),
      purpose: query.purpose,
      grant: query.grant,
      asker: { mint, submit },
      signal,
    });
    await sendContent(outgoing, content);
    return undefined;
  },
});
