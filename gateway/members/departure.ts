/** What an organization's leaving touches and how far it has come, as one gateway sees it: read from the ledger's records each time, so that there is nothing to resume from but them. */
import {
  type ComputeNodeRecord,
  type DatasetId,
  type GrantId,
  type GrantRecord,
  type JobRecord,
  type MspId,
  Refusal,
  type StorageNodeRecord,
  type VersionId,
} from '@d-cloud/chaincode/domain';
import { Fault } from '@d-cloud/network/ledger';
import { type Removal, removalSteps } from '../admin/removal.ts';
import type { StepLeft } from '../admin/step-left.ts';
import type { Custodian } from '../custody/custodian.ts';
import type { VersionStorage } from '../custody/version-storage.ts';
import { listAll } from '../peer/list-all.ts';
import type { ReadModel } from '../projection/index.ts';

export type DeparturePowers = {
  /** Whose gateway looks. */
  readonly organization: MspId;
  readonly readModel: Pick<ReadModel, 'get' | 'list' | 'lineage' | 'card'>;
  readonly custody: Pick<Custodian, 'heldOn' | 'storageOf'>;
  /** Absent where this gateway does not administer. */
  readonly administration?: { readonly removal: Pick<Removal, 'look' | 'advance'> } | undefined;
};

/** In their order: each waits for those before it. The one who leaves has all but the last; the others what is theirs. */
export const departureSteps = [
  'nodes-drained',
  'grants-closed',
  'jobs-closed',
  'claims-ended',
  'fragments-moved',
  'nodes-left',
  'left',
  ...removalSteps,
] as const;
export type DepartureStep = (typeof departureSteps)[number];

/** A step and what is left of it. */
export type DepartureStepLeft = StepLeft & { readonly step: DepartureStep };

/** A dataset that cannot be read any more once its owner has left, and who holds a grant on it now. */
type Unreadable = {
  readonly dataset: DatasetId;
  readonly title?: string;
  readonly grantee: MspId;
  readonly grant: GrantId;
};

export type Departure = {
  readonly mspId: MspId;
  /** Whether it is our own. */
  readonly own: boolean;
  readonly left: boolean;
  /** Members that ask for its expulsion, while they are too few. */
  readonly expulsion: readonly MspId[];
  readonly steps: readonly DepartureStepLeft[];
  readonly touches: {
    readonly grantsGiven: number;
    readonly grantsHeld: number;
    readonly jobs: number;
    readonly storageNodes: number;
    readonly computeNodes: number;
    /** Versions of the own organization with fragments on its storage nodes, and how they would be stored without those. */
    readonly versions: readonly {
      readonly version: VersionId;
      readonly fragments: number;
      readonly without: StorageWithout;
    }[];
    readonly unreadable: readonly Unreadable[];
    /** Versions of others that came of its data: they stay. */
    readonly derived: readonly { readonly version: VersionId; readonly owner: MspId }[];
  };
};

/** How a version would be stored if these fragments were gone at once. */
export type StorageWithout = 'stored' | 'degraded' | 'at-risk' | 'lost';

/** What there is to do, as records, for whoever does it. */
export type DepartureWork = {
  readonly storageNodes: readonly StorageNodeRecord[];
  readonly computeNodes: readonly ComputeNodeRecord[];
  /** Grants that this gateway's organization closes. */
  readonly grants: readonly GrantRecord[];
  /** Jobs that this gateway's organization cancels. */
  readonly jobs: readonly JobRecord[];
  /** Partitions that its compute nodes run for others. */
  readonly claims: number;
  /** Versions whose fragments are still to be moved off its storage nodes. */
  readonly fragments: readonly VersionId[];
};

const mostListed = 200;
const deepest = 32;

export function isOpen({ state }: Pick<GrantRecord, 'state'>): boolean {
  return state === 'issued' || state === 'requested';
}

function runs({ state }: Pick<JobRecord, 'state'>): boolean {
  return state === 'queued' || state === 'running';
}

/** What the gateway's organization still has to do about another's leaving, or about its own. */
export function departureWork(powers: DeparturePowers, mspId: MspId): DepartureWork {
  const { organization, readModel, custody } = powers;
  const own = mspId === organization;
  const storageNodes = listAll(readModel, 'storage-node', { owner: mspId });
  const given = listAll(readModel, 'grant', { owner: organization }).filter(isOpen);
  const running = listAll(readModel, 'job').filter(runs);
  return {
    storageNodes,
    computeNodes: listAll(readModel, 'compute-node', { owner: mspId }),
    grants: own ? given : given.filter(({ grantee }) => grantee === mspId),
    jobs: running.filter((job) => job.requester === organization && (own || cannotGoOn(job, mspId))),
    claims: running
      .flatMap(({ id }) => listAll(readModel, 'partition', { parent: id, state: 'claimed' }))
      .filter(({ claim }) => claim?.organization === mspId).length,
    fragments: own
      ? [...new Set(storageNodes.flatMap(({ id }) => custody.heldOn(id)))].filter(
          (version) => readModel.get('version', version)?.record.owner !== organization,
        )
      : ownVersionsOn(powers, mspId).map(({ version }) => version),
  };
}

/** A job that needs what leaves: its data, its model, or the only nodes that may run it. */
function cannotGoOn({ datasetOwner, modelOwner, executors }: JobRecord, mspId: MspId): boolean {
  return datasetOwner === mspId || modelOwner === mspId || executors.every((executor) => executor === mspId);
}

/**
 * Looks at an organization's leaving: what it touches, and what is left of each step. A gateway that does not administer knows of the
 * channel's part only whether it names the organization; so does one whose own peer does not answer.
 */
export async function departureOf(powers: DeparturePowers, mspId: MspId): Promise<Departure> {
  const departure = departureOnLedger(powers, mspId);
  const onChannel = powers.readModel.get('channel', 'channel')?.record.members.includes(mspId) ?? false;
  const last = { step: 'removed-from-channel', remaining: onChannel ? 1 : 0 } as const;
  const { removal } = powers.administration ?? {};
  if (removal === undefined) return { ...departure, steps: [...departure.steps, last] };
  try {
    return { ...departure, steps: [...departure.steps, ...(await removal.look(mspId))] };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { ...departure, steps: [...departure.steps, { ...last, blocked: error.message }] };
  }
}

/** The part of it that the ledger's records tell: all steps but the channel's. */
export function departureOnLedger(powers: DeparturePowers, mspId: MspId): Departure {
  const { organization, readModel } = powers;
  const own = mspId === organization;
  const record = readModel.get('organization', mspId)?.record;
  const work = departureWork(powers, mspId);
  const nodes = [...work.storageNodes, ...work.computeNodes];
  const left = record?.left !== undefined;
  const step = (name: DepartureStep, remaining: number): DepartureStepLeft => ({ step: name, remaining });
  const grants = listAll(readModel, 'grant');
  const jobs = listAll(readModel, 'job').filter(runs);
  return {
    mspId,
    own,
    left,
    expulsion: (record?.expulsion ?? []).map((one) => one.organization),
    steps: [
      step('nodes-drained', nodes.filter(({ state }) => state === 'active').length),
      step('grants-closed', work.grants.length),
      step('jobs-closed', work.jobs.length),
      step('claims-ended', work.claims),
      step('fragments-moved', work.fragments.length),
      step('nodes-left', nodes.filter(({ state }) => state !== 'left').length),
      step('left', left ? 0 : 1),
    ],
    touches: {
      grantsGiven: grants.filter((grant) => grant.owner === mspId && isOpen(grant)).length,
      grantsHeld: grants.filter((grant) => grant.grantee === mspId && isOpen(grant)).length,
      jobs: jobs.filter((job) => job.requester === mspId || cannotGoOn(job, mspId)).length,
      storageNodes: work.storageNodes.filter(({ state }) => state !== 'left').length,
      computeNodes: work.computeNodes.filter(({ state }) => state !== 'left').length,
      versions: own ? [] : ownVersionsOn(powers, mspId).slice(0, mostListed),
      unreadable: grants
        .filter((grant) => grant.owner === mspId && grant.state === 'issued')
        .slice(0, mostListed)
        .map(({ id, dataset, grantee }) => {
          const title = readModel.card(dataset)?.title;
          return { grant: id, dataset, grantee, ...(title !== undefined && { title }) };
        }),
      derived: derivedFrom(readModel, mspId),
    },
  };
}

function ownVersionsOn({ organization, readModel, custody }: DeparturePowers, mspId: MspId) {
  return listAll(readModel, 'version', { owner: organization }).flatMap(({ id }) => {
    const storage = storageOf(custody, id);
    const fragments = storage?.fragments.filter((one) => one.organization === mspId).length ?? 0;
    return storage === undefined || fragments === 0
      ? []
      : [{ version: id, fragments, without: storedWithout(storage, fragments) }];
  });
}

/** A version that was erased, or whose keys are lost, lies nowhere that anybody could move. */
function storageOf(custody: DeparturePowers['custody'], version: VersionId): VersionStorage | undefined {
  try {
    return custody.storageOf(version);
  } catch (error) {
    if (error instanceof Refusal || error instanceof Fault) return undefined;
    throw error;
  }
}

function storedWithout({ intact, k }: Pick<VersionStorage, 'intact' | 'k'>, gone: number): StorageWithout {
  const rest = intact - gone;
  return rest < k ? 'lost' : rest === k ? 'at-risk' : 'degraded';
}

/** What others made of its versions, nearest first. */
function derivedFrom(readModel: DeparturePowers['readModel'], mspId: MspId) {
  const derived = new Map<VersionId, MspId>();
  for (const { id } of listAll(readModel, 'version', { owner: mspId })) {
    const page = readModel.lineage(id, { direction: 'downstream', depth: deepest, limit: mostListed });
    for (const { child } of page.items) {
      const owner = readModel.get('version', child)?.record.owner;
      if (owner !== undefined && owner !== mspId) derived.set(child, owner);
    }
    if (derived.size >= mostListed) break;
  }
  return [...derived].slice(0, mostListed).map(([version, owner]) => ({ version, owner }));
}
