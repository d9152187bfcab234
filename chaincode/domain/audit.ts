import type { AuditRecord, VersionRecord } from './records.ts';
import { Refusal } from './refusal.ts';
import { type Caller, checkOwner } from './roles.ts';
import type { Submits } from './transactions.ts';

/**
 * Records how a version's blocks were found, or what was put back. Only its owner looks after a version: it alone knows the blocks' ids.
 * Refuses a storage node twice, one that nothing is said of, and an audit that claims to have repaired.
 */
export function recordAudit(
  caller: Caller,
  { id, kind, nodes }: Submits['audit:record']['body'],
  version: VersionRecord,
): AuditRecord {
  checkOwner(caller, version.owner, `version ${version.id}`);
  if (new Set(nodes.map(({ node }) => node)).size !== nodes.length) {
    throw new Refusal('RECORD_INVALID', 'body.nodes must not repeat a storage node');
  }
  for (const { node, ok, missing, corrupt, offline, slow, repaired } of nodes) {
    if (ok + missing + corrupt + offline + slow + repaired === 0) {
      throw new Refusal('RECORD_INVALID', `body.nodes says nothing of ${node}`);
    }
    if (kind !== 'repair' && repaired > 0) throw new Refusal('RECORD_INVALID', 'an audit repairs nothing');
  }
  return { v: 1, id, version: version.id, dataset: version.dataset, owner: version.owner, kind, nodes };
}
