/** What data teams, model owners and compliance officers do with a network that runs. */
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Command, Option } from 'commander';
import { lineageText } from '../actions/lineage.ts';
import { publish } from '../actions/publish.ts';
import { publishModel } from '../actions/publish-model.ts';
import { fetchResults, resultsTable } from '../actions/results.ts';
import { requestJob, watchJob } from '../actions/run.ts';
import { table } from '../output.ts';
import { decimal, idList, wholeNumber } from '../parse-option.ts';
import type { RestClient } from '../rest.ts';
import type { Session } from '../session.ts';
import type { DatasetView, GrantView, JobView, LineageView, ModelView, VersionView } from '../views.ts';

const usualPurpose = 'dpv:ResearchAndDevelopment';

/** Adds `publish`, `find`, `get`, `lineage`. */
export function addDatasetCommands(program: Command, session: Session): void {
  program
    .command('publish <path>')
    .description('publish a folder or file as a dataset version')
    .requiredOption('--title <title>', 'title in the catalogue')
    .option('--description <text>', 'description in the catalogue', '')
    .option('--licence <licence>', 'SPDX id or name', 'unstated')
    .option('--modality <modality>', 'images or documents; guessed from the file names where it is left out')
    .option('--purposes <ids>', 'purposes you are ready to grant, separated by commas', idList, [usualPurpose])
    .option('--dataset <id>', 'publish a further version of this dataset')
    .addOption(new Option('--access <who>', 'who may use it').choices(['granted', 'members']).default('granted'))
    .action(async (path: string, options) => {
      const { dataset, version } = await publish(await session.rest(), session.output, { path, ...options });
      for (const warning of version.warnings ?? []) session.output.say(`  mind: ${warning}`);
      session.output.result(
        {
          ok: true,
          dataset: dataset.id,
          version: version.id,
          rows: version.rows,
          transaction: version.ledger.transaction,
        },
        `Published ${version.rows} rows as version ${version.number} of ${dataset.id}\n  version ${version.id}\n  block ${version.ledger.block}, transaction ${version.ledger.transaction}`,
      );
    });

  program
    .command('find [words...]')
    .description("search the consortium's catalogue")
    .action(async (words: string[]) => {
      const rest = await session.rest();
      const query = words.length > 0 ? `?query=${encodeURIComponent(words.join(' '))}` : '';
      const items = await Array.fromAsync(rest.list<DatasetView>(`/datasets${query}`));
      session.output.result(
        { ok: true, datasets: items },
        table(
          ['dataset', 'title', 'modality', 'owner', 'access', 'versions'],
          items.map((one) => [
            one.id,
            one.card?.title ?? '',
            one.modality,
            one.owner,
            one.terms.access,
            String(one.versions),
          ]),
        ),
      );
    });

  program
    .command('get <id>')
    .description("fetch a version's content (tar) or a job's results (Arrow)")
    .requiredOption('-o, --out <file>', 'where to write it')
    .option('--purpose <id>', "for another organization's version", usualPurpose)
    .option('--grant <id>', "the grant under which another organization's version is read")
    .action(async (id: string, { out, purpose, grant }: { out: string; purpose: string; grant?: string }) => {
      const rest = await session.rest();
      const isJob = id.startsWith('job_');
      const version = id.startsWith('dset_') ? await newestVersion(rest, id) : id;
      const query = new URLSearchParams({ purpose, ...(grant && { grant }) });
      const response = isJob
        ? await rest.open('GET', `/jobs/${id}/results`, { accept: 'application/vnd.apache.arrow.stream' })
        : await rest.open('GET', `/versions/${version}/content?${query}`, { accept: '*/*' });
      const bytes = await save(response, out, session);
      session.output.result(
        { ok: true, file: out, bytes, type: response.headers.get('content-type') },
        `${out}: ${bytes} bytes`,
      );
    });

  program
    .command('lineage <id>')
    .description('show what a version or a job’s result came from')
    .option('--downstream', 'show what came of it instead', false)
    .action(async (id: string, { downstream }: { downstream: boolean }) => {
      const rest = await session.rest();
      const version = id.startsWith('job_') ? (await rest.call<JobView>('GET', `/jobs/${id}`)).outputVersion : id;
      const lineage = await rest.call<LineageView>(
        'GET',
        `/lineage/${version}${downstream ? '?direction=downstream' : ''}`,
      );
      session.output.result({ ok: true, ...lineage }, lineageText(lineage));
    });
}

/** Adds `grant request|issue|refuse|revoke|list`. */
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
  for (const verb of ['refuse', 'revoke'] as const) {
    grant
      .command(`${verb} <grant>`)
      .description(
        verb === 'refuse'
          ? 'say no to what was asked for'
          : 'end an issued grant: no job or read begins under it any more',
      )
      .requiredOption('--reason <text>', 'why')
      .action(async (id: string, { reason }: { reason: string }) => {
        told(await (await session.rest()).call('POST', `/grants/${id}/${verb}`, { body: { reason } }));
      });
  }
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

/** Adds `model publish|list`, `run`, `watch`. */
export function addJobCommands(program: Command, session: Session): void {
  const model = program.command('model').description('publish models and see which there are');
  model
    .command('publish <folder>')
    .description('publish a model folder (card.json and the files it names)')
    .addOption(new Option('--access <who>', 'who may run it').choices(['granted', 'members']).default('members'))
    .option('--purposes <ids>', 'what it may be run for, separated by commas', idList, [usualPurpose])
    .action(async (path: string, options) => {
      const { model: made, digest } = await publishModel(await session.rest('model-owner'), session.output, {
        path,
        ...options,
      });
      session.output.result(
        { ok: true, model: made.id, digest },
        `Registered ${made.name} as ${made.id}\n  sha256 ${digest}`,
      );
    });
  model
    .command('list')
    .description('models of the consortium')
    .action(async () => {
      const items = await Array.fromAsync((await session.rest()).list<ModelView>('/models'));
      session.output.result(
        { ok: true, models: items },
        table(
          ['model', 'name', 'task', 'owner', 'versions'],
          items.map((one) => [one.id, one.name, one.task, one.owner, String(one.versions)]),
        ),
      );
    });

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

async function newestVersion(rest: RestClient, dataset: string): Promise<string> {
  const { items } = await rest.call<{ items: VersionView[] }>('GET', `/datasets/${dataset}/versions?limit=1`);
  const [newest] = items;
  if (!newest) throw new Error(`${dataset} has no version yet`);
  return newest.id;
}

/** The one issued grant for the version's dataset, or none where several would do: then a person must choose. */
async function fittingGrant(rest: RestClient, version: string): Promise<string | undefined> {
  const { dataset } = await rest.call<VersionView>('GET', `/versions/${version}`);
  const fitting: string[] = [];
  for await (const one of rest.list<GrantView>('/grants'))
    if (one.dataset === dataset && one.state === 'issued') fitting.push(one.id);
  return fitting.length === 1 ? fitting[0] : undefined;
}

/** Writes a response to a file under its final name only when it is whole. */
async function save(response: Response, file: string, session: Session): Promise<number> {
  const bar = session.output.progress(
    `   receiving ${file}`,
    'KiB',
    Math.ceil(Number(response.headers.get('content-length') ?? 0) / 1024),
  );
  const temporary = `${file}.part`;
  let bytes = 0;
  try {
    const counted = async function* (body: AsyncIterable<Uint8Array>) {
      for await (const piece of body) {
        bytes += piece.length;
        bar.at(Math.ceil(bytes / 1024));
        yield piece;
      }
    };
    await pipeline(Readable.from(counted(response.body as AsyncIterable<Uint8Array>)), createWriteStream(temporary));
    await rename(temporary, file);
    return bytes;
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  } finally {
    bar.end();
  }
}
