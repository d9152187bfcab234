import { keys, recordAccess } from '../domain/index.ts';
import * as fabric from '../fabric.ts';
import { grantInForce } from './grant-contract.ts';
import { evaluate, submit } from './transaction.ts';

@fabric.Info({ title: 'access', description: 'Uses of rights, denied ones too' })
export class AccessContract extends fabric.Contract {
  constructor() {
    super('access');
  }

  @fabric.Transaction()
  @fabric.Returns('string')
  record(context: fabric.Context, body: string, request: string): Promise<string> {
    return submit(context, 'access:record', body, request, async (ledger, asked) => {
      await ledger.vacant(keys.access(asked.id));
      const version = await ledger.need(keys.version(asked.version), 'VERSION_NOT_FOUND');
      const dataset = await ledger.need(keys.dataset(version.dataset), 'DATASET_NOT_FOUND');
      const grant = asked.grant && (await grantInForce(ledger, asked.grant));
      const { access, counter } = recordAccess(ledger.caller, asked, version, dataset, grant, ledger.atMs);
      ledger.put(keys.access(access.id), access);
      if (counter !== undefined) ledger.put(keys.counter(counter.grant), counter);
      ledger.emit({ kind: `access.${access.outcome}`, access });
      return access;
    });
  }

  @fabric.Transaction(false)
  @fabric.Returns('string')
  get(context: fabric.Context, body: string): Promise<string> {
    return evaluate(context, 'access:get', body, (ledger, { id }) => ledger.need(keys.access(id), 'ACCESS_NOT_FOUND'));
  }
}
