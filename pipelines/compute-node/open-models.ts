import type { JobRecord, ModelVersionRecord, NumericSettings } from '@d-cloud/chaincode/domain';
import { Fault } from '@d-cloud/network/ledger';
import { type Inference, type Model, modelFromItems, openInference } from '../infer/index.ts';
import { readSegment, wholeItems } from '../ingest/index.ts';
import type { OpenedSegment } from '../seal/index.ts';

/** Bytes of the largest file of a model. */
const modelFileBytes = 2 ** 30;
/** Models that stay open in their children between partitions. */
const openModels = 2;

type Open = { readonly name: string; readonly inference: Inference };

/** Models that this node has opened, the newest kept ready: the partitions of a job follow each other with the same one. */
export class OpenModels implements AsyncDisposable {
  #open: Open[] = [];

  /** The model of a job, ready to run: from its sealed version when it is not open yet. Refuses digests that are not the registered ones. */
  async open(
    job: JobRecord,
    version: ModelVersionRecord,
    segments: () => AsyncIterable<OpenedSegment>,
    signal: AbortSignal,
  ): Promise<Inference> {
    // A child that has parsed somebody's bytes never sees another's: a file that took it over could carry them away in its results.
    // The registered digests are part of the name: the same files may be registered again with others, which were never checked.
    const { digest, cardDigest } = version;
    const name = JSON.stringify([job.requester, job.dataset, job.modelVersion, digest, cardDigest, job.numeric]);
    const known = this.#open.find((one) => one.name === name);
    if (known !== undefined) {
      this.#open = [known, ...this.#open.filter((one) => one !== known)];
      return known.inference;
    }
    const model = await gatherModel(segments());
    checkRegistered(model, version);
    signal.throwIfAborted();
    const inference = await openInference(model.files, model.card, { settings: settingsOf(model, job.numeric) });
    this.#open.unshift({ name, inference });
    for (const { inference: old } of this.#open.splice(openModels)) await old[Symbol.asyncDispose]();
    return inference;
  }

  /** Closes a model whose child may be in the middle of something. */
  async forget(inference: Inference): Promise<void> {
    this.#open = this.#open.filter((one) => one.inference !== inference);
    await inference[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#open.map(({ inference }) => inference[Symbol.asyncDispose]()));
  }
}

async function gatherModel(segments: AsyncIterable<OpenedSegment>): Promise<Model> {
  async function* rows() {
    for await (const { bytes, rows } of segments) yield* readSegment(bytes, { rows });
  }
  const files = new Map<string, Uint8Array>();
  for await (const { name, bytes } of wholeItems(rows(), modelFileBytes)) {
    if (bytes === undefined)
      throw new Fault('misconfigured', `The model's file ${name} is larger than this node takes`);
    files.set(name, Uint8Array.from(bytes));
  }
  return modelFromItems(files);
}

/** The sealed files must be the very ones that were registered. */
function checkRegistered({ card, digest }: Model, version: ModelVersionRecord): void {
  const weights = Object.values(card.files).find(({ role }) => role === 'weights');
  if (weights?.sha256 !== version.digest || digest !== version.cardDigest) {
    throw new Fault('corrupt', `The stored files of ${version.model}:${version.number} are not the registered ones`);
  }
}

/** The job's settings over the card's: what a job may choose is on the ledger, the rest is the model's own. */
function settingsOf({ card }: Model, { threads, graphOptimization, preciseQuantization }: NumericSettings) {
  return {
    ...card.numeric,
    intraOpThreads: threads,
    interOpThreads: threads,
    graphOptimizationLevel: graphOptimization,
    sessionOptions: {
      ...card.numeric.sessionOptions,
      'session.x64quantprecision': preciseQuantization ? ('1' as const) : ('0' as const),
    },
  };
}
