import {
  checkPurposes,
  holdDataset,
  keys,
  ownerAndOneOther,
  type Parent,
  publishVersion,
  readCard,
  recordErasure,
  registerDataset,
  releaseDataset,
  requestErasure,
  resealVersion,
  retireDataset,
  type VersionId,
  type VersionRecord,
} from '../domain/index.ts';
import * as fabric from '../fabric.ts';
import type { Ledger } from './ledger.ts';
import { evaluate, submit } from './transaction.ts';

@fabric.Info({ title: 'dataset', description: 'Datasets and their versions' })
export class DatasetContract extends fabric.Contract {
  constructor() {
    super('dataset');
  }

  @fabric.Transaction()
  @fabric.Returns('string')
  register(context: fabric.Context, body: string, request: string): Promise<string> {
    return submit(context, 'dataset:register', body, request, async (ledger, asked) => {
      await ledger.vacant(keys.dataset(asked.id));
      await ledger.vacant(keys.reservation(asked.id));
      checkPurposes(await ledger.get(keys.purposes()), asked.terms.purposes);
      const dataset = registerDataset(ledger.caller, asked);
      ledger.putCard(readCard(ledger.transient('card'), dataset.id, dataset.cardCommitment));
      ledger.put(keys.dataset(dataset.id), dataset, ownerAndOneOther(dataset.owner, await ledger.members()));
      ledger.emit({ kind: 'dataset.registered', dataset });
      return dataset;
    });
  }

  @fabric.Transaction()
  @fabric.Returns('string')
  publishVersion(context: fabric.Context, body: string, request: string): Promise<string> {
    return submit(context, 'dataset:publishVersion', body, request, async (ledger, asked) => {
      await ledger.vacant(keys.version(asked.id));
      await ledger.vacant(keys.reservation(asked.id));
      const before = await ledger.need(keys.dataset(asked.dataset), 'DATASET_NOT_FOUND');
      const parents: Parent[] = [];
      for (const parent of asked.parents) parents.push(await parentOf(ledger, parent));
      const { dataset, version, narrowed } = publishVersion(ledger.caller, asked, before, parents);
      ledger.put(keys.dataset(dataset.id), dataset);
      ledger.put(keys.version(version.id), version, ownerAndOneOther(version.owner, await ledger.members()));
      ledger.emit({ kind: 'dataset.version-published', version });
      if (narrowed) ledger.emit({ kind: 'dataset.amended', dataset });
      return version;
    });
  }

  @fabric.Transaction()
  @fabric.Returns('string')
  reseal(context: fabric.Context, body: string, request: string): Promise<string> {
    return submit(context, 'dataset:reseal', body, request, async (ledger, asked) => {
      const before = await ledger.need(keys.version(asked.id), 'VERSION_NOT_FOUND');
      const dataset = await ledger.need(keys.dataset(before.dataset), 'DATASET_NOT_FOUND');
      const version = resealVersion(ledger.caller, asked, before, dataset);
      ledger.put(keys.version(version.id), version);
      ledger.emit({ kind: 'dataset.version-resealed', version });
      return version;
    });
  }

  @fabric.Transaction()
  @fabric.Returns('string')
  retire(context: fabric.Context, body: string, request: string): Promise<string> {
    return submit(context, 'dataset:retire', body, request, async (ledger, asked) => {
      const dataset = retireDataset(ledger.caller, await ledger.need(keys.dataset(asked.dataset), 'DATASET_NOT_FOUND'));
      ledger.put(keys.dataset(dataset.id), dataset);
      ledger.emit({ kind: 'dataset.retired', dataset });
      return dataset;
    });
  }

  @fabric.Transaction()
  @fabric.Returns('string')
  hold(context: fabric.Context, body: string, request: string): Promise<string> {
    return submit(context, 'dataset:hold', body, request, async (ledger, asked) => {
      const before = await ledger.need(keys.dataset(asked.dataset), 'DATASET_NOT_FOUND');
      const dataset = holdDataset(ledger.caller, before, asked.reason);
      ledger.put(keys.dataset(dataset.id), dataset);
      ledger.emit({ kind: 'dataset.held', dataset });
      return dataset;
    });
  }

  @fabric.Transaction()
  @fabric.Returns('string')
  release(context: fabric.Context, body: string, request: string): Promise<string> {
    return submit(context, 'dataset:release', body, request, async (ledger, asked) => {
      const before = await ledger.need(keys.dataset(asked.dataset), 'DATASET_NOT_FOUND');
      const dataset = releaseDataset(ledger.caller, before);
      ledger.put(keys.dataset(dataset.id), dataset);
      ledger.emit({ kind: 'dataset.released', dataset });
      return dataset;
    });
  }

  @fabric.Transaction()
  @fabric.Returns('string')
  requestErasure(context: fabric.Context, body: string, request: string): Promise<string> {
    return submit(context, 'dataset:requestErasure', body, request, async (ledger, asked) => {
      await ledger.vacant(keys.erasure(asked.id));
      const before = await ledger.need(keys.dataset(asked.dataset), 'DATASET_NOT_FOUND');
      const named: VersionRecord[] = [];
      for (const id of asked.versions) named.push(await ledger.need(keys.version(id), 'VERSION_NOT_FOUND'));
      const { erasure, dataset, versions } = requestErasure(ledger.caller, asked, before, named);
      ledger.put(keys.erasure(erasure.id), erasure, ownerAndOneOther(erasure.owner, await ledger.members()));
      ledger.put(keys.dataset(dataset.id), dataset);
      for (const version of versions) ledger.put(keys.version(version.id), version);
      if (erasure.whole) ledger.purgeCard(dataset.id);
      ledger.emit({ kind: 'dataset.erasure-requested', erasure, dataset });
      return erasure;
    });
  }

  @fabric.Transaction()
  @fabric.Returns('string')
  recordErasure(context: fabric.Context, body: string, request: string): Promise<string> {
    return submit(context, 'dataset:recordErasure', body, request, async (ledger, asked) => {
      const before = await ledger.need(keys.erasure(asked.id), 'ERASURE_NOT_FOUND');
      const erasure = recordErasure(ledger.caller, asked, before);
      ledger.put(keys.erasure(erasure.id), erasure);
      ledger.emit({ kind: 'dataset.erasure-recorded', erasure });
      return erasure;
    });
  }

  @fabric.Transaction(false)
  @fabric.Returns('string')
  get(context: fabric.Context, body: string): Promise<string> {
    return evaluate(context, 'dataset:get', body, (ledger, { id }) =>
      ledger.need(keys.dataset(id), 'DATASET_NOT_FOUND'),
    );
  }

  @fabric.Transaction(false)
  @fabric.Returns('string')
  getCard(context: fabric.Context, body: string): Promise<string> {
    return evaluate(context, 'dataset:getCard', body, (ledger, { id }) => ledger.getCard(id));
  }

  @fabric.Transaction(false)
  @fabric.Returns('string')
  getVersion(context: fabric.Context, body: string): Promise<string> {
    return evaluate(context, 'dataset:getVersion', body, (ledger, { id }) =>
      ledger.need(keys.version(id), 'VERSION_NOT_FOUND'),
    );
  }

  @fabric.Transaction(false)
  @fabric.Returns('string')
  getErasure(context: fabric.Context, body: string): Promise<string> {
    return evaluate(context, 'dataset:getErasure', body, (ledger, { id }) =>
      ledger.need(keys.erasure(id), 'ERASURE_NOT_FOUND'),
    );
  }
}

async function parentOf(ledger: Ledger, id: VersionId): Promise<Parent> {
  const version = await ledger.need(keys.version(id), 'VERSION_NOT_FOUND');
  return { version, dataset: await ledger.need(keys.dataset(version.dataset), 'DATASET_NOT_FOUND') };
}
