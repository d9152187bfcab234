import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { holdProcess, releaseProcess } from '../../supervisor/index.ts';
import { lineageText } from '../actions/lineage.ts';
import { publish } from '../actions/publish.ts';
import { publishModel } from '../actions/publish-model.ts';
import { fetchResults, resultsTable } from '../actions/results.ts';
import { requestJob, watchJob } from '../actions/run.ts';
import { contentId } from '../content-id.ts';
import { type Credentials, signIn } from '../credentials.ts';
import type { Output } from '../output.ts';
import { Problem } from '../rest.ts';
import type { DatasetView, GrantView, JobView, LineageView } from '../views.ts';
import { sameAsPublished } from './same-as-published.ts';
import { verifyElsewhere } from './verify-elsewhere.ts';

const purpose = 'dpv:ResearchAndDevelopment';
const otherPurpose = 'dpv:Marketing';
const repository = fileURLToPath(new URL('../../../../', import.meta.url));

/** The two things that A publishes and B runs models over. Their licences lie beside them. */
export const samples = [
  {
    folder: 'test/samples/documents',
    title: 'Sample documents',
    description: 'Manuals, licences and documentation as text, HTML, PDF and DOCX.',
    modality: 'documents',
    search: 'documents',
    model: 'models/minilm-l6-v2',
  },
  {
    folder: 'test/samples/photographs',
    title: 'Sample photographs',
    description: 'Photographs as JPEG and PNG.',
    modality: 'images',
    search: 'photographs',
    model: 'models/efficientnet-lite0',
  },
] as const;

export type DemoSummary = {
  ok: boolean;
  jobs: {
    dataset: string;
    model: string;
    rows: number;
    seconds: number;
    rowsPerSecond: number;
    resultCid: string;
    txId: string;
  }[];
  evidence: { file: string; verified: boolean }[];
  refused: string[];
  survivedOrganizationLoss: boolean;
  seconds: number;
};

/** What happens in a network that serves, told as it happens and summed up as it goes. */
export class Story {
  readonly #output: Output;
  readonly #credentials: Credentials;
  readonly #directory: string;
  readonly #summary: DemoSummary;

  constructor(output: Output, credentials: Credentials, directory: string, summary: DemoSummary) {
    this.#output = output;
    this.#credentials = credentials;
    this.#directory = directory;
    this.#summary = summary;
  }

  async play(): Promise<void> {
    const say = (text: string) => this.#output.say(text);
    const alder = this.#as('alder', 'data-team');
    const birch = this.#as('birch', 'data-team');
    await mkdir(join(this.#directory, 'demo'), { recursive: true });

    say(
      '\n2. Cedar publishes two models; Alder publishes a folder of documents and a folder of photographs. Before they leave a gateway' +
        '\n   they are encrypted and cut into 7 fragments, of which any 4 suffice and no organization holds 4.',
    );
    const published = [];
    for (const sample of samples) {
      const model = await publishModel(this.#as('cedar', 'model-owner'), this.#output, {
        path: join(repository, sample.model),
        access: 'members',
        purposes: [purpose, otherPurpose],
      });
      const { dataset, version } = await publish(alder, this.#output, {
        path: join(repository, sample.folder, 'files'),
        title: sample.title,
        description: sample.description,
        licence: 'mixed; see LICENSES.md',
        modality: sample.modality,
        purposes: [purpose, otherPurpose],
      });
      say(
        `   "${sample.title}": ${version.rows} items as version ${version.id}, on the ledger in block ${version.ledger.block}`,
      );
      say(`   who made them and under which licence: ${sample.folder}/LICENSES.md`);
      published.push({ sample, model, dataset, version });
    }

    say(
      '\n3. Birch finds both in the catalogue and asks for access; Alder grants it: one model each, one purpose, and whose nodes may' +
        '\n   open the data. What Birch asks for beyond that is refused by the ledger:',
    );
    const granted = [];
    for (const one of published) {
      const found = await this.#find(one.sample.search, one.dataset.id);
      const terms = { actions: ['use'], purposes: [purpose], models: [one.model.model.id] };
      const asked = await birch.call<GrantView>('POST', '/grants', {
        body: { dataset: found.id, terms, note: 'We would like to see what these models make of it.' },
      });
      const executors = ['AlderMSP', 'CedarMSP'];
      const grant = await alder.call<GrantView>('POST', `/grants/${asked.id}/issue`, {
        body: { terms: { ...terms, executors } },
      });
      say(
        `   "${found.card?.title}": ${grant.state} for ${purpose} on nodes of ${executors.join(' and ')} (${grant.id})`,
      );
      granted.push({ ...one, grant });
    }
    for (const { version, model, grant } of granted) {
      await this.#refused(`a job for ${otherPurpose}`, () =>
        requestJob(birch, { version: version.id, model: model.model.id, purpose: otherPurpose, grant: grant.id }),
      );
    }

    say('\n4. Birch runs each model over its dataset, on nodes that are not its own, and reads the results as Arrow:');
    const finished = [];
    for (const one of granted) finished.push({ ...one, job: await this.#run(one) });

    say('\n5. The nodes signed what they did and the ledger keeps it. Where each result came from:');
    for (const { job } of finished) {
      for (const { index, transaction } of job.progress?.partitions ?? [])
        say(`   partition ${index} of ${job.id} is attested in transaction ${transaction}`);
      say(indent(lineageText(await birch.call<LineageView>('GET', `/lineage/${job.outputVersion}`))));
    }

    say('\n6. Each result has an evidence file, checked by another process that has neither gateway nor ledger:');
    for (const { job, sample } of finished) {
      const file = join(this.#directory, 'demo', `${sample.modality}.evidence.json`);
      const response = await this.#as('birch', 'compliance').open('GET', `/jobs/${job.id}/evidence`);
      await writeFile(file, new Uint8Array(await response.arrayBuffer()));
      const { verified, text } = await verifyElsewhere(file, this.#credentials.genesis);
      this.#summary.evidence.push({ file, verified });
      say(indent(`${file}\n${text}`));
    }

    say("\n7. All of Alder's storage nodes are killed. Its photographs still open, from what Birch and Cedar store:");
    const last = finished.at(-1)!;
    await holdProcess(this.#directory, 'storage-alder');
    const check = await sameAsPublished(alder, last.version.id, join(repository, last.sample.folder, 'files'));
    this.#summary.survivedOrganizationLoss = check.same;
    say(
      `   ${check.files} files, ${check.bytes} bytes: ${check.same ? 'every one identical to what was published' : `different: ${check.difference}`}`,
    );
    await releaseProcess(this.#directory, 'storage-alder');
  }

  async #run({
    sample,
    version,
    model,
    grant,
  }: {
    sample: (typeof samples)[number];
    version: { id: string };
    model: { model: { id: string; name: string } };
    grant: GrantView;
  }): Promise<JobView> {
    const birch = this.#as('birch', 'data-team');
    const began = performance.now();
    const asked = await requestJob(birch, {
      version: version.id,
      model: model.model.id,
      purpose,
      grant: grant.id,
      title: `${sample.title} through ${model.model.name}`,
    });
    this.#output.say(`   ${model.model.name} over "${sample.title}": ${asked.id}`);
    const job = await watchJob(birch, this.#output, asked.id);
    const seconds = (performance.now() - began) / 1000;
    if (job.state !== 'succeeded' && job.state !== 'partial') {
      const reasons = job.progress?.partitions.flatMap(({ reason }) => reason ?? []) ?? [];
      throw new Error(`The job over "${sample.title}" ended as ${job.state}: ${reasons.join('; ')}`);
    }
    const results = await fetchResults(birch, job.id);
    await writeFile(join(this.#directory, 'demo', `${sample.modality}.arrow`), results.arrow);
    this.#output.say(indent(resultsTable(results)));
    this.#summary.jobs.push({
      dataset: sample.title,
      model: model.model.name,
      rows: results.rows.length,
      seconds: round(seconds),
      rowsPerSecond: round(results.rows.length / seconds),
      resultCid: contentId(results.arrow),
      txId: job.ledger.transaction,
    });
    return job;
  }

  /** Birch searches its own read model, which follows the ledger on its own. */
  async #find(query: string, id: string): Promise<DatasetView> {
    for (let attempt = 0; attempt < 50; attempt++) {
      const { items } = await this.#as('birch', 'data-team').call<{ items: DatasetView[] }>(
        'GET',
        `/datasets?query=${query}`,
      );
      const found = items.find((one) => one.id === id);
      if (found) return found;
      await new Promise((done) => setTimeout(done, 100));
    }
    throw new Error(`Birch's catalogue does not show ${id}`);
  }

  /** Shows that something is refused, and with what; that it is not refused would be the story's end. */
  async #refused(what: string, act: () => Promise<unknown>): Promise<void> {
    try {
      await act();
    } catch (error) {
      if (!(error instanceof Problem) || error.status >= 500) throw error;
      this.#summary.refused.push(error.code);
      this.#output.say(`   refused: ${what}: ${error.code}: ${error.message}`);
      return;
    }
    throw new Error(`${what} was not refused`);
  }

  #as(organization: string, role: string) {
    return signIn(this.#credentials, organization, role);
  }
}

function indent(text: string): string {
  return text.replace(/^/gm, '   ');
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
