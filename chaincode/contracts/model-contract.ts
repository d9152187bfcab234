import {
  approveModel,
  keys,
  ownerAndOneOther,
  publishModelVersion,
  registerModel,
  revokeModel,
} from '../domain/index.ts';
import * as fabric from '../fabric.ts';
import { evaluate, submit } from './transaction.ts';

@fabric.Info({ title: 'model', description: 'Models, their versions and approvals' })
export class ModelContract extends fabric.Contract {
  constructor() {
    super('model');
  }

  @fabric.Transaction()
  @fabric.Returns('string')
  register(context: fabric.Context, body: string, request: string): Promise<string> {
    return submit(context, 'model:register', body, request, async (ledger, asked) => {
      await ledger.vacant(keys.model(asked.id));
      const dataset = await ledger.need(keys.dataset(asked.dataset), 'DATASET_NOT_FOUND');
      const model = registerModel(ledger.caller, asked, dataset);
      ledger.put(keys.model(model.id), model, ownerAndOneOther(model.owner, await ledger.members()));
      ledger.emit({ kind: 'model.registered', model });
      return model;
    });
  }

  @fabric.Transaction()
  @fabric.Returns('string')
  publishVersion(context: fabric.Context, body: string, request: string): Promise<string> {
    return submit(context, 'model:publishVersion', body, request, async (ledger, asked) => {
      const registered = await ledger.need(keys.model(asked.model), 'MODEL_NOT_FOUND');
      const version = await ledger.need(keys.version(asked.version), 'VERSION_NOT_FOUND');
      const { caller, transaction } = ledger;
      const { model, modelVersion } = publishModelVersion(caller, asked, registered, version, transaction);
      ledger.put(keys.model(model.id), model);
      const policy = ownerAndOneOther(model.owner, await ledger.members());
      ledger.put(keys.modelVersion(model.id, modelVersion.number), modelVersion, policy);
      ledger.emit({ kind: 'model.version-published', modelVersion });
      return modelVersion;
    });
  }

  @fabric.Transaction()
  @fabric.Returns('string')
  approve(context: fabric.Context, body: string, request: string): Promise<string> {
    return submit(context, 'model:approve', body, request, async (ledger, { model, number }) => {
      const key = keys.modelVersion(model, number);
      const published = await ledger.need(key, 'MODEL_NOT_FOUND');
      const modelVersion = approveModel(ledger.caller, published, ledger.transaction);
      ledger.put(key, modelVersion);
      ledger.emit({ kind: 'model.approved', modelVersion });
      return modelVersion;
    });
  }

  @fabric.Transaction()
  @fabric.Returns('string')
  revoke(context: fabric.Context, body: string, request: string): Promise<string> {
    return submit(context, 'model:revoke', body, request, async (ledger, { model, number }) => {
      const key = keys.modelVersion(model, number);
      const published = await ledger.need(key, 'MODEL_NOT_FOUND');
      const registered = await ledger.need(keys.model(model), 'MODEL_NOT_FOUND');
      const modelVersion = revokeModel(ledger.caller, published, registered);
      ledger.put(key, modelVersion);
      ledger.emit({ kind: 'model.revoked', modelVersion });
      return modelVersion;
    });
  }

  @fabric.Transaction(false)
  @fabric.Returns('string')
  get(context: fabric.Context, body: string): Promise<string> {
    return evaluate(context, 'model:get', body, (ledger, { id }) => ledger.need(keys.model(id), 'MODEL_NOT_FOUND'));
  }

  @fabric.Transaction(false)
  @fabric.Returns('string')
  getVersion(context: fabric.Context, body: string): Promise<string> {
    return evaluate(context, 'model:getVersion', body, (ledger, { model, number }) =>
      ledger.need(keys.modelVersion(model, number), 'MODEL_NOT_FOUND'),
    );
  }
}
