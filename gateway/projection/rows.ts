/** Which rows an event writes: the one place that knows records' ids, parents, owners and parties. */
import type { DatasetId, DomainEvent, JobRecord, MspId } from '@d-cloud/chaincode/domain';
import type { TrustedConfig } from '@d-cloud/network/peers';
import type { RecordKind, RecordKinds } from './read-model.ts';

export type Row = {
  readonly kind: RecordKind;
  readonly id: string;
  readonly parent: string | undefined;
  readonly owner: string | undefined;
  readonly state: string | undefined;
  /** Organizations the API shows it to: everyone, those of another row, or those named and the owner of a dataset. */
  readonly shownTo:
    | 'everyone'
    | { readonly like: RecordKind; readonly id: string }
    | { readonly organizations: readonly MspId[]; readonly ownerOf?: DatasetId };
  readonly record: RecordKinds[RecordKind];
};

export function rowsOf(event: DomainEvent): readonly Row[] {
  switch (event.kind) {
    case 'organization.registered':
    case 'organization.key-rotated':
    case 'organization.expulsion-asked':
    case 'organization.left':
      return [row('organization', event.organization.mspId, event.organization, { owner: event.organization.mspId })];
    case 'purpose.defined':
      return [row('purposes', 'purposes', event.list, {})];
    case 'dataset.registered':
    case 'dataset.amended':
    case 'dataset.retired':
    case 'dataset.held':
    case 'dataset.released':
      return [row('dataset', event.dataset.id, event.dataset, event.dataset)];
    case 'dataset.version-published':
    case 'dataset.version-resealed':
      return [
        row('version', event.version.id, event.version, { owner: event.version.owner, parent: event.version.dataset }),
      ];
    case 'dataset.erasure-requested':
      return [erasureRow(event.erasure), row('dataset', event.dataset.id, event.dataset, event.dataset)];
    case 'dataset.erasure-recorded':
      return [erasureRow(event.erasure)];
    case 'grant.requested':
    case 'grant.issued':
    case 'grant.refused':
    case 'grant.revoked': {
      const { grant } = event;
      return [
        row('grant', grant.id, grant, {
          ...grant,
          parent: grant.dataset,
          shownTo: { organizations: [grant.owner, grant.grantee] },
        }),
      ];
    }
    case 'model.registered':
      return [row('model', event.model.id, event.model, { owner: event.model.owner, parent: event.model.dataset })];
    case 'model.version-published':
    case 'model.approved':
    case 'model.revoked': {
      const { modelVersion } = event;
      const id = `${modelVersion.model}:${modelVersion.number}`;
      return [row('model-version', id, modelVersion, { state: modelVersion.state, parent: modelVersion.model })];
    }
    case 'job.requested':
      return [jobRow(event.job), ...event.partitions.map(partitionRow)];
    case 'job.started':
    case 'job.finished':
    case 'job.cancelled':
      return [jobRow(event.job)];
    case 'partition.claimed':
    case 'partition.released':
    case 'partition.reassigned':
    case 'partition.failed':
    case 'partition.attested':
      return [partitionRow(event.partition)];
    case 'storage-node.registered':
    case 'storage-node.draining':
    case 'storage-node.left':
      return [
        row('storage-node', event.node.id, event.node, { owner: event.node.organization, state: event.node.state }),
      ];
    case 'storage-node.expelled': {
      const { expulsion } = event;
      const id = `${expulsion.node}:${expulsion.by}`;
      return [row('expulsion', id, expulsion, { owner: expulsion.by, parent: expulsion.node })];
    }
    case 'compute-node.registered':
    case 'compute-node.draining':
    case 'compute-node.left':
      return [
        row('compute-node', event.node.id, event.node, { owner: event.node.organization, state: event.node.state }),
      ];
    case 'access.allowed':
    case 'access.denied': {
      const { access } = event;
      const shownTo = { organizations: [access.reader], ownerOf: access.dataset };
      return [
        row('access', access.id, access, {
          owner: access.reader,
          state: access.outcome,
          parent: access.dataset,
          shownTo,
        }),
      ];
    }
    case 'audit.recorded': {
      const { audit } = event;
      return [row('audit', audit.id, audit, { owner: audit.owner, state: audit.kind, parent: audit.version })];
    }
    default:
      return event satisfies never;
  }
}

function erasureRow(erasure: RecordKinds['erasure']): Row {
  return row('erasure', erasure.id, erasure, { ...erasure, parent: erasure.dataset });
}

/** The one row that says who belongs to the channel. */
export function channelRow({ sequence, applicationMsps }: TrustedConfig): Row {
  return row('channel', 'channel', { v: 1, sequence, members: [...applicationMsps.keys()].sort() }, {});
}

function jobRow(job: JobRecord): Row {
  const shownTo = { organizations: [job.requester, job.datasetOwner, job.modelOwner, ...job.executors] };
  return row('job', job.id, job, { owner: job.requester, state: job.state, parent: job.version, shownTo });
}

function partitionRow(partition: RecordKinds['partition']): Row {
  const { job, index, state } = partition;
  return row('partition', `${job}:${index}`, partition, { state, parent: job, shownTo: { like: 'job', id: job } });
}

function row<K extends RecordKind>(
  kind: K,
  id: string,
  record: RecordKinds[K],
  {
    parent,
    owner,
    state,
    shownTo = 'everyone',
  }: { parent?: string; owner?: string; state?: string; shownTo?: Row['shownTo'] },
): Row {
  return { kind, id, parent, owner, state, shownTo, record };
}
