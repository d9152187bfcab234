import { keys, recordAudit } from '../domain/index.ts';
import * as fabric from '../fabric.ts';
import { evaluate, submit } from './transaction.ts';

@fabric.Info({ title: 'audit', description: 'How the blocks of versions were found, and repaired' })
export class AuditContract extends fabric.Contract {
  constructor() {
    super('audit');
  }

  @fabric.Transaction()
  @fabric.Returns('string')
  record(context: fabric.Context, body: string, request: string): Promise<string> {
    return submit(context, 'audit:record', body, request, async (ledger, asked) => {
      await ledger.vacant(keys.audit(asked.id));
      const version = await ledger.need(keys.version(asked.version), 'VERSION_NOT_FOUND');
      const audit = recordAudit(ledger.caller, asked, version);
      for (const { node } of audit.nodes) await ledger.need(keys.storageNode(node), 'STORAGE_NODE_NOT_FOUND');
      ledger.put(keys.audit(audit.id), audit);
      ledger.emit({ kind: 'audit.recorded', audit });
      return audit;
    });
  }

  @fabric.Transaction(false)
  @fabric.Returns('string')
  get(context: fabric.Context, body: string): Promise<string> {
    return evaluate(context, 'audit:get', body, (ledger, { id }) => ledger.need(keys.audit(id), 'AUDIT_NOT_FOUND'));
  }
}
