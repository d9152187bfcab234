import {
  definePurposes,
  expelFromConsortium,
  keys,
  leaveConsortium,
  type OrganizationRecord,
  registerOrganization,
  rosterWith,
  rosterWithout,
  rotateKey,
} from '../domain/index.ts';
import * as fabric from '../fabric.ts';
import type { Ledger } from './ledger.ts';
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

  @fabric.Transaction()
  @fabric.Returns('string')
  leave(context: fabric.Context, body: string, request: string): Promise<string> {
    return submit(context, 'organization:leave', body, request, async (ledger, { reason }) => {
      const known = await ledger.need(keys.organization(ledger.caller.mspId), 'ORGANIZATION_NOT_FOUND');
      return depart(ledger, leaveConsortium(known, reason));
    });
  }

  @fabric.Transaction()
  @fabric.Returns('string')
  expel(context: fabric.Context, body: string, request: string): Promise<string> {
    return submit(context, 'organization:expel', body, request, async (ledger, { mspId, reason }) => {
      const known = await ledger.need(keys.organization(mspId), 'ORGANIZATION_NOT_FOUND');
      return depart(ledger, expelFromConsortium(ledger.caller, known, reason, await ledger.members()));
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

/** Writes an organization that has left, or that some want to have left. */
async function depart(ledger: Ledger, organization: OrganizationRecord): Promise<OrganizationRecord> {
  const { mspId, left } = organization;
  ledger.put(keys.organization(mspId), organization);
  if (left === undefined) {
    ledger.emit({ kind: 'organization.expulsion-asked', organization });
    return organization;
  }
  const roster = await ledger.need(keys.roster(), 'ORGANIZATION_NOT_FOUND');
  ledger.put(keys.roster(), rosterWithout(roster, mspId));
  ledger.emit({ kind: 'organization.left', organization });
  return organization;
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
