/** What the owner of a version asks about where it lies. */
import type { Command } from 'commander';
import { watchRepair } from '../actions/repair.ts';
import { table } from '../output.ts';
import type { Session } from '../session.ts';

type StorageView = {
  readonly version: string;
  readonly state: string;
  readonly k: number;
  readonly n: number;
  readonly intact: number;
  readonly fragments: readonly {
    readonly slot: number;
    readonly storageNode: string;
    readonly organization: string;
    readonly moved: boolean;
    readonly found?: { readonly at: string; readonly [outcome: string]: number | string };
  }[];
  readonly stuck: readonly string[];
  readonly sharing: readonly string[];
  readonly reconstruction: {
    readonly mostByOne: number;
    readonly together: readonly (readonly string[])[];
    readonly anyMayLeave: boolean;
  };
};

const outcomes = ['ok', 'missing', 'corrupt', 'offline', 'slow'] as const;

/** Adds `storage`, `repair`. */
export function addStorageCommands(program: Command, session: Session): void {
  program
    .command('storage <version>')
    .description('show how a version is stored and who could rebuild it')
    .option('--audit', 'ask its storage nodes first', false)
    .action(async (id: string, { audit }: { audit: boolean }) => {
      const rest = await session.rest();
      const storage = audit
        ? await rest.call<StorageView>('POST', `/versions/${id}/audit`)
        : await rest.call<StorageView>('GET', `/versions/${id}/storage`);
      session.output.result({ ok: true, storage }, storageText(storage));
      if (storage.state === 'lost') process.exitCode = 1;
    });
  program
    .command('repair <version>')
    .description('ask its storage nodes for a version’s blocks and put back what is lost')
    .action(async (id: string) => {
      const rest = await session.rest();
      const { state, put: repaired, stuck } = await watchRepair(rest, session.output, id);
      const storage = await rest.call<StorageView>('GET', `/versions/${id}/storage`);
      const ok = state === 'done' && stuck.length === 0;
      const told = [storageText({ ...storage, stuck }), `Blocks put back: ${repaired}`];
      session.output.result({ ok, repaired, stuck, storage }, told.join('\n'));
      if (!ok) process.exitCode = 1;
    });
}

function storageText({ version, state, k, n, intact, fragments, reconstruction, stuck, sharing }: StorageView): string {
  const rows = fragments.map(({ slot, storageNode, organization, moved, found }) => [
    String(slot),
    organization,
    `${storageNode}${moved ? ' (moved)' : ''}`,
    found === undefined
      ? 'not audited yet'
      : outcomes.flatMap((one) => (found[one] ? `${found[one]} ${one}` : [])).join(', '),
  ]);
  const groups = reconstruction.together.map((group) => group.join(' + ')).join(', or ');
  return [
    `${version}: ${state}, ${intact} of ${n} fragments, any ${k} rebuild it`,
    table(['fragment', 'organization', 'storage node', 'last audit'], rows),
    `No organization holds more than ${reconstruction.mostByOne}. The sealed bytes could be rebuilt by ${groups}; opening them takes keys too.`,
    `Any one organization may leave: ${reconstruction.anyMayLeave ? 'yes' : 'no'}.`,
    ...stuck.map((sentence) => `  mind: ${sentence}`),
    ...sharing.map(
      (node) => `  mind: the share that storage node ${node} keeps is not worthless yet; S is being shared anew.`,
    ),
  ].join('\n');
}
