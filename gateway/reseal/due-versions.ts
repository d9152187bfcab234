import type { MspId, VersionRecord } from '@d-cloud/chaincode/domain';
import { listAll } from '../peer/list-all.ts';
import type { ReadModel } from '../projection/index.ts';

/** The own versions that hard revokes ask to be sealed anew: covered by a grant that was revoked so, and sealed in an epoch before. */
export function dueVersions(readModel: Pick<ReadModel, 'list'>, organization: MspId): readonly VersionRecord[] {
  const revoked = listAll(readModel, 'grant', { state: 'revoked' }).filter(
    ({ owner, resealBefore }) => owner === organization && resealBefore !== undefined,
  );
  if (revoked.length === 0) return [];
  return listAll(readModel, 'version', { owner: organization }).filter(
    ({ id, dataset, epoch, erasure }) =>
      erasure === undefined &&
      revoked.some(
        (grant) =>
          grant.dataset === dataset &&
          epoch < (grant.resealBefore ?? 0) &&
          (grant.terms.versions.length === 0 || grant.terms.versions.includes(id)),
      ),
  );
}
