import { drain, keys, leave, ownerAndOneOther, registerComputeNode } from '../domain/index.ts';
import * as fabric from '../fabric.ts';
import { evaluate, submit } from './transaction.ts';

@fabric.Info({ title: 'compute-node', description: 'Machines that run models' })
export class ComputeNodeContract extends fabric.Contract {
  constructor() {
    super('compute-node');
  }

  @fabric.Transaction()
  @fabric.Returns('string')
  register(context: fabric.Context, body: string, request: string): Promise<string> {
    return submit(context, 'compute-node:register', body, request, async (ledger, asked) => {
      await ledger.vacant(keys.computeNode(asked.id));
      const node = registerComputeNode(ledger.caller, asked);
      ledger.put(keys.computeNode(node.id), node, ownerAndOneOther(node.organization, await ledger.members()));
      ledger.emit({ kind: 'compute-node.registered', node });
      return node;
    });
  }

  @fabric.Transaction()
  @fabric.Returns('string')
  drain(context: fabric.Context, body: string, request: string): Promise<string> {
    return submit(context, 'compute-node:drain', body, request, async (ledger, { id }) => {
      const node = drain(ledger.caller, await ledger.need(keys.computeNode(id), 'COMPUTE_NODE_NOT_FOUND'));
      ledger.put(keys.computeNode(id), node);
      ledger.emit({ kind: 'compute-node.draining', node });
      return node;
    });
  }

  @fabric.Transaction()
  @fabric.Returns('string')
  leave(context: fabric.Context, body: string, request: string): Promise<string> {
    return submit(context, 'compute-node:leave', body, request, async (ledger, { id }) => {
      const node = leave(ledger.caller, await ledger.need(keys.computeNode(id), 'COMPUTE_NODE_NOT_FOUND'));
      ledger.put(keys.computeNode(id), node);
      ledger.emit({ kind: 'compute-node.left', node });
      return node;
    });
  }

  @fabric.Transaction(false)
  @fabric.Returns('string')
  get(context: fabric.Context, body: string): Promise<string> {
    return evaluate(context, 'compute-node:get', body, (ledger, { id }) =>
      ledger.need(keys.computeNode(id), 'COMPUTE_NODE_NOT_FOUND'),
    );
  }

  @fabric.Transaction(false)
  @fabric.Returns('string')
  list(context: fabric.Context, body: string): Promise<string> {
    return evaluate(context, 'compute-node:list', body, (ledger) => ledger.list(keys.computeNodes()));
  }
}
