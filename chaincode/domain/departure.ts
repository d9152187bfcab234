/**
 * What an organization's leaving means for every record, as rules that read and not as writes: who has left stands in the roster, and
 * each record is taken as these functions give it. So everything ends in one transaction, however much there is, and the records of
 * an organization that is gone need no signature of its peer to end. What was written stays as evidence.
 */
import type { RosterRecord } from './bookkeeping.ts';
import type { MspId } from './ids.ts';
import type {
  ComputeNodeRecord,
  DatasetRecord,
  GrantRecord,
  JobRecord,
  ModelVersionRecord,
  OrganizationRecord,
  StorageNodeRecord,
} from './records.ts';
import { Refusal } from './refusal.ts';
import type { Caller } from './roles.ts';

/** MSP ids of those who have left for good. */
export type Departed = readonly MspId[];

/** Records that somebody's leaving changes, by their kind of key. */
export type Leavable = {
  readonly dataset: DatasetRecord;
  readonly grant: GrantRecord;
  readonly 'model-version': ModelVersionRecord;
  readonly job: JobRecord;
  readonly 'storage-node': StorageNodeRecord;
  readonly 'compute-node': ComputeNodeRecord;
};

const rules: { readonly [K in keyof Leavable]: (record: Leavable[K], departed: Departed) => Leavable[K] } = {
  dataset: (dataset, departed) =>
    departed.includes(dataset.owner) && dataset.state === 'active' ? { ...dataset, state: 'retired' } : dataset,
  grant: endedGrant,
  // A publisher's approval is its first.
  'model-version': (version, departed) =>
    version.approvals.slice(0, 1).some(({ organization }) => departed.includes(organization))
      ? { ...version, state: 'revoked' }
      : version,
  job: endedJob,
  'storage-node': leftNode,
  'compute-node': leftNode,
};

export type LeavableKind = keyof Leavable;

export function isLeavable(kind: string): kind is LeavableKind {
  return Object.hasOwn(rules, kind);
}

/** A record as it counts now that these have left; the very same where that changes nothing. */
export function afterDepartures<R>(kind: LeavableKind, record: R, departed: Departed): R {
  if (departed.length === 0) return record;
  // The kind stands in the record's key, which says what lies under it.
  return (rules[kind] as unknown as (record: R, departed: Departed) => R)(record, departed);
}

/** A grant ends with either of its sides. */
function endedGrant(grant: GrantRecord, departed: Departed): GrantRecord {
  const gone = [grant.owner, grant.grantee].find((side) => departed.includes(side));
  if (gone === undefined || grant.state === 'refused' || grant.state === 'revoked') return grant;
  const state = grant.state === 'issued' ? 'revoked' : 'refused';
  return { ...grant, state, reason: `${gone} has left the consortium` };
}

/**
 * Nobody who has left executes. A job without its requester is revoked, one without any executor cancelled; one whose data or model
 * is gone stands on a revoked right, and its requester ends it as one whose right was revoked.
 */
function endedJob(job: JobRecord, departed: Departed): JobRecord {
  const executors = job.executors.filter((mspId) => !departed.includes(mspId));
  const runs = job.state === 'queued' || job.state === 'running';
  if (runs && departed.includes(job.requester)) return { ...job, executors, state: 'revoked' };
  if (runs && executors.length === 0) return { ...job, executors, state: 'cancelled' };
  return executors.length === job.executors.length ? job : { ...job, executors };
}

function leftNode<N extends StorageNodeRecord | ComputeNodeRecord>(node: N, departed: Departed): N {
  return departed.includes(node.organization) ? { ...node, state: 'left' } : node;
}

/** An organization leaves by its own word. */
export function leaveConsortium(organization: OrganizationRecord, reason: string): OrganizationRecord {
  checkThere(organization);
  return departedFrom(organization, { reason, by: [organization.mspId] });
}

/**
 * A member asks that another be taken for gone. The chaincode cannot see the channel's configuration, so it asks for what the channel
 * asks for: more than half of all members, the one in question counted and not heard. Until then their words are only kept.
 */
export function expelFromConsortium(
  caller: Caller,
  organization: OrganizationRecord,
  reason: string,
  members: readonly MspId[],
): OrganizationRecord {
  const { mspId, expulsion = [] } = organization;
  checkThere(organization);
  if (caller.mspId === mspId)
    throw new Refusal('STATE_CONFLICT', `${mspId} leaves by organization:leave, by its own word alone`);
  if (!members.includes(caller.mspId))
    throw new Refusal('CALLER_NOT_OWNER', `only members expel, and ${caller.mspId} has not registered`);
  const needed = Math.floor(members.length / 2) + 1;
  if (needed > members.length - 1) {
    throw new Refusal('STATE_CONFLICT', `of ${members.length} members the others are too few to expel ${mspId}`);
  }
  const asked = [
    ...expulsion.filter((one) => one.organization !== caller.mspId && members.includes(one.organization)),
    { organization: caller.mspId, reason },
  ].sort((a, b) => (a.organization < b.organization ? -1 : 1));
  if (asked.length < needed) return { ...organization, expulsion: asked };
  return departedFrom(organization, { reason, by: asked.map((one) => one.organization) });
}

function checkThere({ mspId, left }: OrganizationRecord): void {
  if (left !== undefined) throw new Refusal('STATE_CONFLICT', `${mspId} has left already`);
}

function departedFrom(
  { expulsion: _, ...organization }: OrganizationRecord,
  left: NonNullable<OrganizationRecord['left']>,
): OrganizationRecord {
  return { ...organization, left };
}

/** The roster without an organization, which stands among the departed for good: its MSP id comes to mean nobody else. */
export function rosterWithout(roster: RosterRecord, mspId: MspId): RosterRecord {
  const departed = [...(roster.departed ?? []), mspId].sort((a, b) => (a < b ? -1 : 1));
  return { ...roster, members: roster.members.filter((member) => member !== mspId), departed };
}

/** Refuses with ORGANIZATION_LEFT whoever has left: nothing of theirs is written any more. */
export function checkStays({ mspId }: Caller, departed: Departed): void {
  if (departed.includes(mspId))
    throw new Refusal(
      'ORGANIZATION_LEFT',
      `${mspId} has left the consortium for good; join again under another MSP id`,
    );
}
