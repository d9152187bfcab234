import type { StorageNodeRecord } from '@d-cloud/chaincode/domain';
import type { Recorded } from '../../projection/index.ts';
import type { Services } from '../../services.ts';
import { viewOf } from '../schemas/page.ts';

/** A storage node as the API shows it: to its organization also what lies on it, and why it does not become empty. */
export function storageNodeBody(
  recorded: Recorded<StorageNodeRecord>,
  { organization, custody }: Pick<Services, 'organization' | 'custody'>,
) {
  const { id, organization: owner, state } = recorded.record;
  if (owner !== organization || state === 'left') return viewOf(recorded);
  const held = custody.heldOn(id).length;
  if (state !== 'draining' || held === 0) return { ...viewOf(recorded), held };
  const own = custody.stuckOn(id).length;
  const stuck =
    own === 0
      ? []
      : [`No other storage node can take the fragments of ${own} versions of yours that lie on ${id}; add one.`];
  return { ...viewOf(recorded), held, stuck };
}
