import { createHash } from 'node:crypto';
import { type ChangeId, idFrom } from '@d-cloud/chaincode/domain';
import type { ChangeProposal } from '@d-cloud/network/admin';

/** The id of a change: of its channel and of the very bytes that are signed, so that the same change has the same id everywhere. */
export function changeIdOf({ channel, update }: Pick<ChangeProposal, 'channel' | 'update'>): ChangeId {
  const digest = createHash('sha256').update(`${channel}\n`).update(Buffer.from(update, 'base64')).digest();
  return idFrom('chng', digest.subarray(0, 16));
}
