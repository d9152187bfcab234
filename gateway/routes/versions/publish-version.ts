import { z } from 'zod';
import { Rejection } from '../../http/problem.ts';
import { route } from '../../http/route.ts';
import { uploadFormOf } from '../../publish/upload-form.ts';
import { find } from '../find.ts';
import { idOf } from '../schemas/ids.ts';
import { viewOf } from '../schemas/page.ts';
import { versionView } from './version-view.ts';

const parents = z
  .string()
  .max(2_000)
  .transform((text) => (text === '' ? [] : text.split(',')))
  .pipe(z.array(idOf('vers')).max(64))
  .describe('Versions that this one was made from, separated by commas');

export const publishVersion = route({
  method: 'post',
  path: '/v1/datasets/:id/versions',
  operation: 'dataset.publishVersion',
  summary: 'Publish a version: a folder as tar, a table as Arrow stream, or one file of any media type',
  scope: 'datasets:write',
  idempotent: true,
  status: 201,
  raw: true,
  consumes: ['*/*'],
  produces: ['application/json'],
  refusals: ['DATASET_NOT_FOUND', 'DATASET_RETIRED', 'ROLE_MISSING', 'RECORD_INVALID'],
  params: z.strictObject({ id: idOf('dset') }),
  query: z.strictObject({ parents: parents.optional() }),
  response: versionView,
  async handle({ params, query, caller, ledger, stamp, mint, signal }, services, { incoming }) {
    const { headers } = incoming;
    if ((headers['content-encoding'] ?? 'identity') !== 'identity') {
      throw new Rejection('MEDIA_TYPE_UNSUPPORTED', 'Uploads are taken without a content encoding only.');
    }
    if (headers['content-length'] === '0') throw new Rejection('CONTENT_INVALID', 'The upload is empty.');
    const { version, broken } = await services.publish({
      dataset: params.id,
      parents: query.parents ?? [],
      form: uploadFormOf(headers['content-type'], headers['content-disposition']),
      content: incoming,
      statedBytes: headers['content-length'] === undefined ? undefined : Number(headers['content-length']),
      caller,
      ledger,
      stamp: stamp(),
      statedDigest: statedDigest(headers['repr-digest'] ?? headers['content-digest']),
      mintVersion: (attempt) => mint('vers', `attempt-${attempt}`),
      signal,
    });
    const body = viewOf(find(services.readModel, 'version', version.id));
    return {
      body: broken.length === 0 ? body : { ...body, warnings: [...broken] },
      location: `/v1/versions/${version.id}`,
    };
  },
});

/** The SHA-256 in a Repr-Digest or Content-Digest field (RFC 9530), hex; other algorithms are passed over. */
function statedDigest(field: string | string[] | undefined): string | undefined {
  const [, base64] = /(?:^|[\s,])sha-256=:([A-Za-z0-9+/]{43}=):/.exec(String(field ?? '')) ?? [];
  return base64 === undefined ? undefined : Buffer.from(base64, 'base64').toString('hex');
}
