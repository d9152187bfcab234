import type {
  DatasetRecord,
  Digest,
  ModelRecord,
  ModelVersionName,
  ModelVersionRecord,
  VersionRecord,
} from './records.ts';
import { Refusal } from './refusal.ts';
import { type Caller, checkOwner } from './roles.ts';
import type { Submits } from './transactions.ts';

export function modelVersionName(model: ModelRecord['id'], number: number): ModelVersionName {
  return `${model}:${number}` as ModelVersionName;
}

/** Registers a model whose versions will lie in a dataset of modality `model` of the same owner. */
export function registerModel(
  caller: Caller,
  body: Submits['model:register']['body'],
  dataset: DatasetRecord,
): ModelRecord {
  checkOwner(caller, dataset.owner, `dataset ${dataset.id}`);
  if (dataset.modality !== 'model') {
    throw new Refusal('RECORD_INVALID', `dataset ${dataset.id} holds ${dataset.modality}, not models`);
  }
  if (dataset.state !== 'active') throw new Refusal('DATASET_RETIRED', `dataset ${dataset.id} is retired`);
  return { v: 1, ...body, owner: caller.mspId, versions: 0 };
}

/** Publishes the next version of a model. Publishing is the owner's own approval. */
export function publishModelVersion(
  caller: Caller,
  { version: _, ...body }: Submits['model:publishVersion']['body'],
  model: ModelRecord,
  version: VersionRecord,
  transaction: string,
): { readonly model: ModelRecord; readonly modelVersion: ModelVersionRecord } {
  checkOwner(caller, model.owner, `model ${model.id}`);
  if (version.dataset !== model.dataset) {
    throw new Refusal('VERSION_NOT_FOUND', `${version.id} is no version of the model's dataset ${model.dataset}`);
  }
  const number = model.versions + 1;
  return {
    model: { ...model, versions: number },
    modelVersion: {
      v: 1,
      ...body,
      number,
      version: version.id,
      approvals: [{ organization: caller.mspId, transaction }],
      state: 'published',
    },
  };
}

/** Adds the caller's organization to the approvals: each counts once. */
export function approveModel(
  caller: Caller,
  modelVersion: ModelVersionRecord,
  transaction: string,
): ModelVersionRecord {
  if (modelVersion.state === 'revoked') throw new Refusal('MODEL_REVOKED', `${nameOf(modelVersion)} was revoked`);
  if (modelVersion.approvals.some(({ organization }) => organization === caller.mspId)) {
    throw new Refusal('STATE_CONFLICT', `${caller.mspId} has approved ${nameOf(modelVersion)} already`);
  }
  return { ...modelVersion, approvals: [...modelVersion.approvals, { organization: caller.mspId, transaction }] };
}

export function revokeModel(caller: Caller, modelVersion: ModelVersionRecord, model: ModelRecord): ModelVersionRecord {
  checkOwner(caller, model.owner, `model ${model.id}`);
  if (modelVersion.state === 'revoked')
    throw new Refusal('STATE_CONFLICT', `${nameOf(modelVersion)} was revoked already`);
  return { ...modelVersion, state: 'revoked' };
}

/** Refuses a model version that may not run: MODEL_REVOKED, MODEL_NOT_APPROVED, MODEL_DIGEST_MISMATCH. */
export function checkRunnable(model: ModelRecord, modelVersion: ModelVersionRecord, digest: Digest): void {
  if (modelVersion.state === 'revoked') throw new Refusal('MODEL_REVOKED', `${nameOf(modelVersion)} was revoked`);
  if (modelVersion.approvals.length < model.approvalsNeeded) {
    const { length } = modelVersion.approvals;
    throw new Refusal(
      'MODEL_NOT_APPROVED',
      `${nameOf(modelVersion)} has ${length} of ${model.approvalsNeeded} approvals`,
    );
  }
  if (modelVersion.digest !== digest) {
    throw new Refusal(
      'MODEL_DIGEST_MISMATCH',
      `${nameOf(modelVersion)} is registered with digest ${modelVersion.digest}`,
    );
  }
}

function nameOf({ model, number }: ModelVersionRecord): ModelVersionName {
  return modelVersionName(model, number);
}
