/** Storage nodes as operators know them: which there are, and out of which one's hands versions are taken. */
import type { Command } from 'commander';
import { table } from '../output.ts';
import type { Session } from '../session.ts';

type NodeView = {
  readonly id: string;
  readonly organization: string;
  readonly host: string;
  readonly disk: string;
  readonly capacityBytes: string;
  readonly state: string;
};

/** Adds `node list|drain|leave|expel`. */
export function addNodeCommands(program: Command, session: Session): void {
  const node = program.command('node').description('storage nodes: list, drain before one leaves, expel one');
  node
    .command('list')
    .description('the storage nodes of the consortium')
    .action(async () => {
      const nodes = await Array.fromAsync((await session.rest('operator')).list<NodeView>('/storage-nodes'));
      session.output.result(
        { ok: true, nodes },
        table(
          ['storage node', 'organization', 'host', 'disk', 'bytes', 'state'],
          nodes.map((one) => [one.id, one.organization, one.host, one.disk, one.capacityBytes, one.state]),
        ),
      );
    });
  for (const [verb, says] of [
    ['drain', 'move everything off a storage node of yours, before it leaves'],
    ['leave', 'let a storage node of yours go for good'],
  ] as const) {
    node
      .command(`${verb} <node>`)
      .description(says)
      .action(async (id: string) => {
        const one = await (await session.rest('operator')).call<NodeView>('POST', `/storage-nodes/${id}/${verb}`);
        session.output.result({ ok: true, node: one }, `${one.id}: ${one.state}`);
      });
  }
  node
    .command('expel <node>')
    .description('take your versions off a storage node, anybody’s, and make the shares that it keeps worthless')
    .requiredOption('--reason <text>', 'why; it stands on the ledger')
    .action(async (id: string, { reason }: { reason: string }) => {
      const rest = await session.rest('operator');
      const expulsion = await rest.call<{ node: string; by: string }>('POST', `/storage-nodes/${id}/expel`, {
        body: { reason },
      });
      session.output.result(
        { ok: true, expulsion },
        `${expulsion.node} is expelled by ${expulsion.by}. Versions move in the background: dcloud storage <version> shows where each lies, and whether the share it keeps is worthless yet.`,
      );
    });
}
