import { drain, expelStorageNode, keys, leave, ownerAndOneOther, registerStorageNode } from '../domain/index.ts';
import * as fabric from '../fabric.ts';
import { evaluate, submit } from './transaction.ts';

@fabric.Info({ title: 'storage-node', description: 'Machines that keep blocks' })
export class StorageNodeContract extends fabric.Contract {
  constructor() {
    super('storage-node');
  }

  @fabric.Transaction()
  @fabric.Returns('string')
  register(context: fabric.Context, body: string, request: string): Promise<string> {
    return submit(context, 'storage-node:register', body, request, async (ledger, asked) => {
      await ledger.vacant(keys.storageNode(asked.id));
      const node = registerStorageNode(ledger.caller, asked);
      ledger.put(keys.storageNode(node.id), node, ownerAndOneOther(node.organization, await ledger.members()));
      ledger.emit({ kind: 'storage-node.registered', node });
      return node;
    });
  }

  @fabric.Transaction()
  @fabric.Returns('string')
  drain(context: fabric.Context, body: string, request: string): Promise<string> {
    return submit(context, 'storage-node:drain', body, request, async (ledger, { id }) => {
      const node = drain(ledger.caller, await ledger.need(keys.storageNode(id), 'STORAGE_NODE_NOT_FOUND'));
      ledger.put(keys.storageNode(id), node);
      ledger.emit({ kind: 'storage-node.draining', node });
      return node;
    });
  }

  @fabric.Transaction()
  @fabric.Returns('string')
  leave(context: fabric.Context, body: string, request: string): Promise<string> {
    return submit(context, 'storage-node:leave', body, request, async (ledger, { id }) => {
      const node = leave(ledger.caller, await ledger.need(keys.storageNode(id), 'STORAGE_NODE_NOT_FOUND'));
      ledger.put(keys.storageNode(id), node);
      ledger.emit({ kind: 'storage-node.left', node });
      return node;
    });
  }

  @fabric.Transaction()
  @fabric.Returns('string')
  expel(context: fabric.Context, body: string, request: string): Promise<string> {
    return submit(context, 'storage-node:expel', body, request, async (ledger, asked) => {
      await ledger.need(keys.storageNode(asked.id), 'STORAGE_NODE_NOT_FOUND');
      const expulsion = expelStorageNode(ledger.caller, asked);
      const key = keys.expulsion(asked.id, expulsion.by);
      await ledger.vacant(key);
      ledger.put(key, expulsion, ownerAndOneOther(expulsion.by, await ledger.members()));
      ledger.emit({ kind: 'storage-node.expelled', expulsion });
      return expulsion;
    });
  }

  @fabric.Transaction(false)
  @fabric.Returns('string')
  get(context: fabric.Context, body: string): Promise<string> {
    return evaluate(context, 'storage-node:get', body, (ledger, { id }) =>
      ledger.need(keys.storageNode(id), 'STORAGE_NODE_NOT_FOUND'),
    );
  }

  @fabric.Transaction(false)
  @fabric.Returns('string')
  list(context: fabric.Context, body: string): Promise<string> {
    return evaluate(context, 'storage-node:list', body, (ledger) => ledger.list(keys.storageNodes()));
  }
}
