import type { Command } from 'commander';
import { newestVersion } from '../actions/newest-version.ts';
import { fetchResults, resultsTable } from '../actions/results.ts';
import { requestJob, watchJob } from '../actions/run.ts';
import { wholeNumber } from '../parse-option.ts';
import type { RestClient } from '../rest.ts';
import type { Session } from '../session.ts';
import { usualPurpose } from '../usual-purpose.ts';
import type { GrantView, JobView, VersionView } from '../views.ts';

/** Adds `run`, `watch`. */
export function addJobCommands(program: Command, session: Session): void {
  program
    .command('run <version>')
    .description('run a model over a dataset version (or the newest one of a dataset) and wait for the result')
    .requiredOption('--model <id>', 'the model')
    .option('--purpose <id>', 'what for', usualPurpose)
    .option('--grant <id>', 'the grant; found by itself where exactly one fits')
    .option('--title <title>', 'title of the result')
    .option('--batch-rows <rows>', 'rows of one inference batch', wholeNumber)
    .option('--detach', 'do not wait', false)
    .action(async (id: string, { detach, ...wish }) => {
      const rest = await session.rest();
      const version = id.startsWith('dset_') ? await newestVersion(rest, id) : id;
      const grant = wish.grant ?? (await fittingGrant(rest, version));
      const asked = await requestJob(rest, { version, ...wish, ...(grant && { grant }) });
      session.output.say(`Job ${asked.id}`);
      if (detach) return session.output.result({ ok: true, job: asked.id, state: asked.state }, asked.id);
      await finish(await watchJob(rest, session.output, asked.id), rest, session);
    });

  program
    .command('watch <job>')
    .description('follow a job until it ends')
    .action(async (id: string) => {
      const rest = await session.rest();
      await finish(await watchJob(rest, session.output, id), rest, session);
    });
}

async function finish(job: JobView, rest: RestClient, session: Session): Promise<void> {
  const done = job.state === 'succeeded' || job.state === 'partial';
  if (!done) process.exitCode = 1;
  const text = done ? resultsTable(await fetchResults(rest, job.id)) : '';
  const reasons = job.progress?.partitions.flatMap(({ reason }) => reason ?? []) ?? [];
  session.output.result(
    {
      ok: done,
      job: job.id,
      state: job.state,
      rows: job.rows,
      version: job.outputVersion,
      transaction: job.ledger.transaction,
    },
    `${text}\n${job.id}: ${job.state}${reasons.length > 0 ? ` (${reasons.join('; ')})` : ''}\nNext: dcloud get ${job.id} -o result.arrow; dcloud evidence get ${job.id} -o evidence.json`,
  );
}

/** The one issued grant for the version's dataset, or none where several would do: then a person must choose. */
async function fittingGrant(rest: RestClient, version: string): Promise<string | undefined> {
  const { dataset } = await rest.call<VersionView>('GET', `/versions/${version}`);
  const fitting: string[] = [];
  for await (const one of rest.list<GrantView>('/grants'))
    if (one.dataset === dataset && one.state === 'issued') fitting.push(one.id);
  return fitting.length === 1 ? fitting[0] : undefined;
}
