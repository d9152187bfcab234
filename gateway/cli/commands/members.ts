/** What admins do about organizations that join and leave, beside the proposals themselves. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { acceptConfigBlock } from '../../supervisor/index.ts';
import { proposeCatalogue } from '../actions/catalogue-members.ts';
import { type DepartureView, departureText, offboard } from '../actions/departure.ts';
import type { Session, SessionOptions } from '../session.ts';

type Given = { readonly reason: string; readonly yes?: boolean; readonly expel?: boolean; readonly abandon?: boolean };

/** Adds `org join|catalogue|offboard`. */
export function addMemberCommands(program: Command, session: Session, options: () => SessionOptions): void {
  const org =
    program.commands.find((command) => command.name() === 'org') ??
    program.command('org').description('organizations of the consortium');
  org
    .command('join <block-file>')
    .description('take the config block of a channel that took the organization of this directory in; then: dcloud up')
    .action(async (file: string) => {
      const { channel, sequence } = await acceptConfigBlock(resolve(options().directory), await readFile(file));
      const text = `The way to ${channel} is known (configuration ${sequence}). Start with: dcloud up`;
      session.output.result({ ok: true, channel, sequence }, text);
    });
  org
    .command('catalogue')
    .description('propose that the catalogue be kept by the channel’s members of now, without those who have left')
    .action(async () => {
      const { channel } = await session.credentials();
      const { members, proposed } = await proposeCatalogue(await session.rest('admin'), channel);
      const text =
        proposed === undefined
          ? `The catalogue is kept by ${members.join(', ')} already.`
          : `Proposed: the catalogue is kept by ${members.join(', ')}. The others: dcloud chaincode approve dcloud; then: dcloud chaincode commit dcloud`;
      session.output.result({ ok: true, members, proposed }, text);
    });
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
        const over = before.steps.every(({ remaining }) => remaining === 0);
        const hint = over ? '' : '\nNothing was done: add --yes to do your part of it.';
        session.output.result({ ok: true, departure: before }, departureText(before) + hint);
        return;
      }
      session.output.say(departureText(before));
      const departure = await offboard(rest, mspId, options, session.output);
      session.output.result({ ok: true, departure }, departureText(departure));
    });
}
