import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Command, Option } from 'commander';
import { lineageText } from '../actions/lineage.ts';
import { newestVersion } from '../actions/newest-version.ts';
import { publish } from '../actions/publish.ts';
import { table } from '../output.ts';
import { idList } from '../parse-option.ts';
import type { Session } from '../session.ts';
import { usualPurpose } from '../usual-purpose.ts';
import type { DatasetView, JobView, LineageView } from '../views.ts';

type GetOptions = {
  readonly out: string;
  readonly purpose: string;
  readonly grant?: string;
  readonly rows?: string;
};

const arrow = 'application/vnd.apache.arrow.stream';

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
        `Published ${version.rows} ${version.rows === 1 ? 'row' : 'rows'} as version ${version.number} of ${dataset.id}\n  version ${version.id}\n  block ${version.ledger.block}, transaction ${version.ledger.transaction}`,
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
    .option('--rows <first-last>', 'only these rows, counted from 0, as an Arrow stream')
    .action(async (id: string, { out, purpose, grant, rows }: GetOptions) => {
      const rest = await session.rest();
      const isJob = id.startsWith('job_');
      const version = id.startsWith('dset_') ? await newestVersion(rest, id) : id;
      const query = new URLSearchParams({ ...(!isJob && { purpose }), ...(grant && { grant }), ...(rows && { rows }) });
      const response = isJob
        ? await rest.open('GET', `/jobs/${id}/results?${query}`, { accept: arrow })
        : await rest.open('GET', `/versions/${version}/content?${query}`, { accept: rows ? arrow : '*/*' });
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
