import { definePurposes, keys, registerOrganization, rosterWith, rotateKey } from '../domain/index.ts';
import * as fabric from '../fabric.ts';
import { evaluate, submit } from './transaction.ts';

@fabric.Info({ title: 'organization', description: 'Members of the consortium' })
export class OrganizationContract extends fabric.Contract {
  constructor() {
    super('organization');
  }

  @fabric.Transaction()
  @fabric.Returns('string')
  register(context: fabric.Context, body: string, request: string): Promise<string> {
    return submit(context, 'organization:register', body, request, async (ledger, asked) => {
      const key = keys.organization(ledger.caller.mspId);
      const organization = registerOrganization(ledger.caller, asked, await ledger.get(key));
      const roster = await ledger.get(keys.roster());
      const next = rosterWith(roster, organization.mspId);
      if (next.members.length !== roster?.members.length) ledger.put(keys.roster(), next);
      ledger.put(key, organization);
      ledger.emit({ kind: 'organization.registered', organization });
      return organization;
    });
  }

  @fabric.Transaction()
  @fabric.Returns('string')
  rotateKey(context: fabric.Context, body: string, request: string): Promise<string> {
    return submit(context, 'organization:rotateKey', body, request, async (ledger, asked) => {
      const key = keys.organization(ledger.caller.mspId);
      const organization = rotateKey(await ledger.need(key, 'ORGANIZATION_NOT_FOUND'), asked);
      ledger.put(key, organization);
      ledger.emit({ kind: 'organization.key-rotated', organization });
      return organization;
    });
  }

  @fabric.Transaction(false)
  @fabric.Returns('string')
  get(context: fabric.Context, body: string): Promise<string> {
    return evaluate(context, 'organization:get', body, (ledger, { mspId }) =>
      ledger.need(keys.organization(mspId), 'ORGANIZATION_NOT_FOUND'),
    );
  }

  @fabric.Transaction(false)
  @fabric.Returns('string')
  list(context: fabric.Context, body: string): Promise<string> {
    return evaluate(context, 'organization:list', body, (ledger) => ledger.list(keys.organizations()));
  }
}

@fabric.Info({ title: 'purpose', description: 'The purposes that the consortium knows' })
export class PurposeContract extends fabric.Contract {
  constructor() {
    super('purpose');
  }

  @fabric.Transaction()
  @fabric.Returns('string')
  define(context: fabric.Context, body: string, request: string): Promise<string> {
    return submit(context, 'purpose:define', body, request, async (ledger, asked) => {
      const list = definePurposes(asked, await ledger.get(keys.purposes()));
      ledger.put(keys.purposes(), list);
      ledger.emit({ kind: 'purpose.defined', list });
      return list;
    });
  }

  @fabric.Transaction(false)
  @fabric.Returns('string')
  get(context: fabric.Context, body: string): Promise<string> {
    return evaluate(context, 'purpose:get', body, (ledger) => ledger.need(keys.purposes(), 'PURPOSES_NOT_DEFINED'));
  }
}
