import { type DatasetId, limits, type VersionId } from '@d-cloud/chaincode/domain';
import { Rejection } from '../../http/problem.ts';
import type { RouteRequest } from '../../http/route.ts';
import type { Services } from '../../services.ts';
import { find } from '../find.ts';
import { versionsFrom } from '../lineage/derived-versions.ts';
import { erasureBody } from './erasure-view.ts';

/**
 * Asks the ledger for an erasure; the gateway carries it out from its commit on. The request says once more what it is about, because nobody
 * can take it back.
 */
export async function requestErasure(
  asked: { readonly dataset: DatasetId; readonly versions: readonly VersionId[]; readonly whole: boolean },
  { confirm, reason, id }: { readonly confirm: string; readonly reason: string; readonly id: string },
  { mint, submit }: Pick<RouteRequest, 'mint' | 'submit'>,
  services: Services,
) {
  if (confirm !== id) throw new Rejection('BODY_INVALID', `confirm must be ${id}: what is erased is gone for good.`);
  const { readModel, failpoint } = services;
  const derived = versionsFrom(readModel, asked.versions).versions.filter((one) => !asked.versions.includes(one));
  failpoint('erase.asked');
  const { result } = await submit('dataset:requestErasure', {
    id: mint('eras'),
    ...asked,
    reason,
    derived: derived.slice(0, limits.erasedVersions),
  });
  failpoint('erase.submitted');
  const path = asked.whole ? `/v1/datasets/${id}` : `/v1/versions/${id}`;
  return { body: erasureBody(find(readModel, 'erasure', result.id), services), location: `${path}/erasure` };
}
