import type { Command } from 'commander';
import { grantImpact, grantImpactText } from '../actions/grant-impact.ts';
import { table } from '../output.ts';
import { decimal, idList, wholeNumber } from '../parse-option.ts';
import type { Session } from '../session.ts';
import { usualPurpose } from '../usual-purpose.ts';
import type { GrantView } from '../views.ts';

/** Adds `grant request|issue|refuse|revoke|preview|list`. */
export function addGrantCommands(program: Command, session: Session): void {
  const grant = program.command('grant').description('ask for access, and give, refuse or revoke it');
  const told = (one: GrantView) =>
    session.output.result(
      { ok: true, grant: one },
      [
        `${one.id}: ${one.state} (block ${one.ledger.block})`,
        ...(one.affected ?? []).map(({ job, state, outputVersion }) => `  ${job} ${state}, derived: ${outputVersion}`),
      ].join('\n'),
    );

  grant
    .command('request <dataset>')
    .description("ask a dataset's owner for access")
    .option('--purposes <ids>', 'what for, separated by commas', idList, [usualPurpose])
    .option('--models <ids>', 'models to be run, separated by commas', idList, [])
    .option('--actions <actions>', 'use (run models over it), read (fetch its content)', idList, ['use'])
    .option('--note <text>', 'what the owner should know', '')
    .action(async (dataset: string, { note, ...terms }) => {
      told(await (await session.rest()).call('POST', '/grants', { body: { dataset, terms, note } }));
    });
  grant
    .command('issue <grant>')
    .description('give what was asked for, naming whose nodes may open the data')
    .option(
      '--executors <msp-ids>',
      'organizations whose compute nodes may open the data; yours where it is left out',
      idList,
    )
    .option('--until <time>', 'end, as 2027-01-31T00:00:00Z')
    .option('--rows <number>', 'rows that may be used in all', decimal)
    .option('--uses <number>', 'jobs and reads that may be made in all', wholeNumber)
    .action(async (id: string, limits) => {
      const rest = await session.rest();
      const { terms } = await rest.call<GrantView>('GET', `/grants/${id}`);
      told(await rest.call('POST', `/grants/${id}/issue`, { body: { terms: { ...terms, ...limits } } }));
    });
  grant
    .command('refuse <grant>')
    .description('say no to what was asked for')
    .requiredOption('--reason <text>', 'why')
    .action(async (id: string, { reason }: { reason: string }) => {
      told(await (await session.rest()).call('POST', `/grants/${id}/refuse`, { body: { reason } }));
    });
  grant
    .command('revoke <grant>')
    .description('end an issued grant: no job or read begins under it any more')
    .requiredOption('--reason <text>', 'why')
    .option('--hard', 'seal what it covers anew, where the grantee may hold keys and still reach storage nodes')
    .action(async (id: string, body: { reason: string; hard?: boolean }) => {
      const rest = await session.rest();
      session.output.say(grantImpactText(await grantImpact(rest, id)));
      told(await rest.call('POST', `/grants/${id}/revoke`, { body }));
      if (body.hard === true)
        session.output.say('Its versions are sealed anew in the background: dcloud keys status shows how far.');
    });
  grant
    .command('preview <grant>')
    .description('show what revoking a grant would end, and what it would not take back')
    .action(async (id: string) => {
      const impact = await grantImpact(await session.rest(), id);
      session.output.result({ ok: true, impact }, grantImpactText(impact));
    });
  grant
    .command('list')
    .description('grants that your organization gave or holds')
    .action(async () => {
      const items = await Array.fromAsync((await session.rest()).list<GrantView>('/grants'));
      session.output.result(
        { ok: true, grants: items },
        table(
          ['grant', 'state', 'dataset', 'owner', 'grantee', 'purposes'],
          items.map((one) => [one.id, one.state, one.dataset, one.owner, one.grantee, one.terms.purposes.join(' ')]),
        ),
      );
    });
}
