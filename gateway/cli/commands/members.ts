/** What admins do about organizations that leave. */
import type { Command } from 'commander';
import { type DepartureView, departureText, offboard } from '../actions/departure.ts';
import type { Session } from '../session.ts';

type Given = { readonly reason: string; readonly yes?: boolean; readonly expel?: boolean; readonly abandon?: boolean };

/** Adds `org offboard`. */
export function addMemberCommands(program: Command, session: Session): void {
  const org =
    program.commands.find((command) => command.name() === 'org') ??
    program.command('org').description('organizations of the consortium');
  org
    .command('offboard <msp-id>')
    .description('show what an organization’s leaving touches and how far it has come; with --yes, do your part of it')
    .option('--reason <text>', 'why, for the ledger', 'it leaves the consortium')
    .option('--yes', 'do it: your own organization leaves for good at the end')
    .option('--expel', 'ask for the expulsion of an organization that is gone and cannot leave by itself')
    .option('--abandon', 'leave although claims run and fragments of others lie on your nodes')
    .action(async (mspId: string, { yes, ...options }: Given) => {
      const rest = await session.rest('admin');
      const path = `/admin/departures/${mspId}`;
      const before = await rest.call<DepartureView>('GET', path);
      if (yes !== true) {
        const hint = before.left ? '' : '\nNothing was done: add --yes to do your part of it.';
        session.output.result({ ok: true, departure: before }, departureText(before) + hint);
        return;
      }
      session.output.say(departureText(before));
      const departure = await offboard(rest, mspId, options, session.output);
      session.output.result({ ok: true, departure }, departureText(departure));
    });
}
