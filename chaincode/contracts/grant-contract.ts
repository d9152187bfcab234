import {
  authorize,
  checkMembers,
  type GrantId,
  type GrantInForce,
  type GrantTerms,
  issueGrant,
  keys,
  ownerAndOneOther,
  Refusal,
  refuseGrant,
  requestGrant,
  revokeGrant,
} from '../domain/index.ts';
import * as fabric from '../fabric.ts';
import type { Ledger } from './ledger.ts';
import { evaluate, submit } from './transaction.ts';

@fabric.Info({ title: 'grant', description: 'Rights to use datasets' })
export class GrantContract extends fabric.Contract {
  constructor() {
    super('grant');
  }

  @fabric.Transaction()
  @fabric.Returns('string')
  request(context: fabric.Context, body: string, request: string): Promise<string> {
    return submit(context, 'grant:request', body, request, async (ledger, asked) => {
      await ledger.vacant(keys.grant(asked.id));
      const dataset = await ledger.need(keys.dataset(asked.dataset), 'DATASET_NOT_FOUND');
      const grant = requestGrant(ledger.caller, asked, dataset);
      await checkNamed(ledger, asked.terms, grant.dataset);
      ledger.put(keys.grant(grant.id), grant, ownerAndOneOther(grant.owner, await ledger.members()));
      ledger.emit({ kind: 'grant.requested', grant });
      return grant;
    });
  }

  @fabric.Transaction()
  @fabric.Returns('string')
  issue(context: fabric.Context, body: string, request: string): Promise<string> {
    return submit(context, 'grant:issue', body, request, async (ledger, asked) => {
      const requested = await ledger.get(keys.grant(asked.id));
      const on = requested?.dataset ?? asked.dataset;
      if (on === undefined) throw new Refusal('GRANT_NOT_FOUND', `there is no request ${asked.id}`);
      const dataset = await ledger.need(keys.dataset(on), 'DATASET_NOT_FOUND');
      const { transaction, atMs } = ledger;
      const { grant, counter } = issueGrant(ledger.caller, asked, dataset, requested, { transaction, atMs });
      const members = await checkNamed(ledger, grant.terms, on, [grant.grantee]);
      const policy = ownerAndOneOther(grant.owner, members);
      ledger.put(keys.grant(grant.id), grant, requested === undefined ? policy : undefined);
      // The owner guards its limits: nobody resets the counter without the owner's peer. Giving back needs the owner too.
      ledger.put(keys.counter(grant.id), counter, policy);
      ledger.emit({ kind: 'grant.issued', grant });
      return grant;
    });
  }

  @fabric.Transaction()
  @fabric.Returns('string')
  refuse(context: fabric.Context, body: string, request: string): Promise<string> {
    return submit(context, 'grant:refuse', body, request, async (ledger, { id, reason }) => {
      const grant = refuseGrant(ledger.caller, await ledger.need(keys.grant(id), 'GRANT_NOT_FOUND'), reason);
      ledger.put(keys.grant(id), grant);
      ledger.emit({ kind: 'grant.refused', grant });
      return grant;
    });
  }

  @fabric.Transaction()
  @fabric.Returns('string')
  revoke(context: fabric.Context, body: string, request: string): Promise<string> {
    return submit(context, 'grant:revoke', body, request, async (ledger, { id, ...said }) => {
      const issued = await ledger.need(keys.grant(id), 'GRANT_NOT_FOUND');
      const from = await ledger.need(keys.dataset(issued.dataset), 'DATASET_NOT_FOUND');
      const { grant, dataset } = revokeGrant(ledger.caller, issued, from, said);
      ledger.put(keys.grant(id), grant);
      ledger.put(keys.dataset(dataset.id), dataset);
      ledger.emit({ kind: 'grant.revoked', grant }, { kind: 'dataset.amended', dataset });
      return grant;
    });
  }

  @fabric.Transaction(false)
  @fabric.Returns('string')
  get(context: fabric.Context, body: string): Promise<string> {
    return evaluate(context, 'grant:get', body, async (ledger, { id }) => {
      const held = await grantInForce(ledger, id);
      if (held === undefined) throw new Refusal('GRANT_NOT_FOUND', `there is no grant ${id}`);
      return held;
    });
  }

  @fabric.Transaction(false)
  @fabric.Returns('string')
  check(context: fabric.Context, body: string): Promise<string> {
    return evaluate(context, 'grant:check', body, async (ledger, { version: id, grant: named, rows, ...asked }) => {
      const version = await ledger.need(keys.version(id), 'VERSION_NOT_FOUND');
      const dataset = await ledger.need(keys.dataset(version.dataset), 'DATASET_NOT_FOUND');
      const { atMs, caller } = ledger;
      try {
        const grant = named && (await needGrant(ledger, named));
        authorize({ ...asked, member: caller.mspId, dataset, version, grant, rows: rows ?? version.rows, atMs });
        return { allowed: true };
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        return { allowed: false, code: error.code, detail: error.detail };
      }
    });
  }
}

/** A grant with its counter: zeros before it is issued. */
export async function grantInForce(ledger: Ledger, id: GrantId): Promise<GrantInForce | undefined> {
  const grant = await ledger.get(keys.grant(id));
  if (grant === undefined) return undefined;
  const counter = await ledger.get(keys.counter(id));
  return { grant, counter: counter ?? { v: 1, grant: id, rowsReserved: '0', usesReserved: 0 } };
}

export async function needGrant(ledger: Ledger, id: GrantId): Promise<GrantInForce> {
  const held = await grantInForce(ledger, id);
  if (held === undefined) throw new Refusal('GRANT_NOT_FOUND', `there is no grant ${id}`);
  return held;
}

/** Everything that terms name must be there: executors among the members, models, versions of the dataset. Gives the members. */
async function checkNamed(
  ledger: Ledger,
  terms: GrantTerms,
  dataset: string,
  also: GrantTerms['executors'] = [],
): Promise<GrantTerms['executors']> {
  const roster = await ledger.get(keys.roster());
  checkMembers(roster, [...terms.executors, ...also]);
  for (const model of terms.models) await ledger.need(keys.model(model), 'MODEL_NOT_FOUND');
  for (const id of terms.versions) {
    const version = await ledger.need(keys.version(id), 'VERSION_NOT_FOUND');
    if (version.dataset !== dataset)
      throw new Refusal('VERSION_NOT_FOUND', `${id} is no version of dataset ${dataset}`);
  }
  return roster?.members ?? [];
}
