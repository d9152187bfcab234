import type { ModelCard, NumericSettings } from './card.ts';
import type { Answer, FailureCode, ItemAnswer, ItemLimits, RuntimeInfo } from './child/protocol.ts';
import { InferenceFault } from './inference-fault.ts';
import { readIsa } from './isa.ts';
import { checkModelFiles, type ModelFiles } from './model-files.ts';
import { ModelRefusal, type ModelRefusalCode } from './model-refusal.ts';
import { failureReason, type InferredRow } from './result-row.ts';
import type { Frame } from './sandbox/frame.ts';
import { Sandbox, SandboxDeath } from './sandbox/sandbox.ts';

/** An item as it lies in a segment; `bytes` may be a view of the segment, it is written to the child without a copy. */
export interface InferenceItem {
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

/** What one inference child may use, per process, batch and item. */
export interface InferenceLimits extends ItemLimits {
  readonly memoryBytes: number;
  readonly heapBytes: number;
  readonly itemBytes: number;
  readonly openDeadlineMs: number;
  readonly batchDeadlineMs: number;
}

export const defaultInferenceLimits: InferenceLimits = {
  memoryBytes: 3 * 2 ** 30,
  heapBytes: 768 * 2 ** 20,
  itemBytes: 128 * 2 ** 20,
  openDeadlineMs: 60_000,
  batchDeadlineMs: 120_000,
  pixels: 100_000_000,
  pages: 500,
  textCharacters: 2_000_000,
  unpackedBytes: 64 * 2 ** 20,
};

export interface InferenceOptions {
  /** Numeric settings of the job; the card's own when there are none. */
  readonly settings?: NumericSettings;
  readonly limits?: Partial<InferenceLimits>;
  readonly signal?: AbortSignal;
}

/** A model that is open in a child process of its own. Not for concurrent use: one batch at a time. */
export interface Inference extends AsyncDisposable {
  readonly card: ModelCard;
  readonly runtime: RuntimeInfo;
  /** The child's process id, for measurements and fault tests; changes when the child is started again. */
  readonly pid: number | undefined;
  /**
   * One row per item, in order. An item that cannot be read fails alone, even one that kills the child: the child is started again and the batch is repeated item by item.
   * Throws ModelRefusal MODEL_UNRUNNABLE when every item kills it, and the signal's reason when the caller gives up.
   */
  run(items: readonly InferenceItem[]): Promise<InferredRow[]>;
}

const deadlySeries = 3;

/**
 * Opens a model in a sandboxed child (`Sandbox`): digests are checked against the card, the ONNX file is scanned before it is loaded (`scanOnnx`), and only then does ONNX Runtime see it.
 * Refuses with ModelRefusal; throws InferenceFault when the child dies while opening.
 */
export async function openInference(
  files: ModelFiles,
  card: ModelCard,
  options: InferenceOptions = {},
): Promise<Inference> {
  checkModelFiles(card, files);
  const limits = { ...defaultInferenceLimits, ...options.limits };
  const inference = new OpenInference(files, card, options.settings ?? card.numeric, limits, options.signal);
  await inference.start();
  return inference;
}

class OpenInference implements Inference {
  readonly card: ModelCard;
  readonly #files: ModelFiles;
  readonly #settings: NumericSettings;
  readonly #limits: InferenceLimits;
  readonly #signal: AbortSignal | undefined;
  #sandbox: Sandbox | undefined;
  #runtime: RuntimeInfo | undefined;

  constructor(
    files: ModelFiles,
    card: ModelCard,
    settings: NumericSettings,
    limits: InferenceLimits,
    signal: AbortSignal | undefined,
  ) {
    this.card = card;
    this.#files = files;
    this.#settings = settings;
    this.#limits = limits;
    this.#signal = signal;
  }

  get runtime(): RuntimeInfo {
    if (this.#runtime === undefined) throw new InferenceFault('unavailable', 'the model is not open');
    return this.#runtime;
  }

  get pid(): number | undefined {
    return this.#sandbox?.pid;
  }

  async start(): Promise<void> {
    const { memoryBytes, heapBytes, pixels, pages, textCharacters, unpackedBytes, openDeadlineMs } = this.#limits;
    this.#sandbox = new Sandbox(new URL('./child/main.js', import.meta.url), { memoryBytes, heapBytes });
    const named = Object.keys(this.card.files);
    const bodies = named.map((name) => this.#files.get(name) as Uint8Array);
    const request = {
      kind: 'open',
      card: this.card,
      settings: this.#settings,
      limits: { pixels, pages, textCharacters, unpackedBytes },
      files: named.map((name, index) => ({ name, sizeBytes: bodies[index]?.byteLength ?? 0 })),
    };
    try {
      const { header } = await this.#ask(request, bodies, openDeadlineMs);
      if (header.kind === 'opened') this.#runtime = { ...header.runtime, isa: readIsa() };
    } catch (error) {
      await this[Symbol.asyncDispose]();
      if (!(error instanceof SandboxDeath)) throw error;
      throw new InferenceFault('unavailable', `the model did not open: ${error.message}; ${error.tail}`, error);
    }
  }

  async run(items: readonly InferenceItem[]): Promise<InferredRow[]> {
    const rows = new Array<InferredRow>(items.length);
    const places: number[] = [];
    items.forEach(({ bytes }, index) => {
      if (bytes.byteLength <= this.#limits.itemBytes) places.push(index);
      else rows[index] = failed('TOO_LARGE', 'the item has too many bytes');
    });
    const fill = (at: readonly number[], answers: readonly InferredRow[]) => {
      at.forEach((place, index) => {
        rows[place] = answers[index] as InferredRow;
      });
    };
    const pick = (at: readonly number[]) => at.map((place) => items[place] as InferenceItem);
    try {
      fill(places, await this.#batch(pick(places)));
    } catch (error) {
      if (!(error instanceof SandboxDeath)) throw error;
      await this.#oneByOne(places, pick, fill);
    }
    return rows;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sandbox?.[Symbol.asyncDispose]();
    this.#sandbox = undefined;
  }

  /** A batch killed the child: find the item that does, and let only that one fail. */
  async #oneByOne(
    places: readonly number[],
    pick: (at: readonly number[]) => InferenceItem[],
    fill: (at: readonly number[], rows: readonly InferredRow[]) => void,
  ): Promise<void> {
    let deaths = 0;
    for (const place of places) {
      try {
        fill([place], await this.#batch(pick([place])));
        deaths = 0;
      } catch (error) {
        if (!(error instanceof SandboxDeath)) throw error;
        if (++deaths === deadlySeries && places.length >= deadlySeries) {
          throw new ModelRefusal(
            'MODEL_UNRUNNABLE',
            `${deaths} items after each other ended the child: ${error.message}`,
          );
        }
        const late = error.message.includes('no answer in');
        const row = late
          ? failed('DEADLINE', 'the item was not ready in time')
          : failed('CHILD_DIED', 'the item ended the process that read it');
        fill([place], [row]);
      }
    }
  }

  async #batch(items: readonly InferenceItem[]): Promise<InferredRow[]> {
    if (items.length === 0) return [];
    if (this.#sandbox === undefined) throw new InferenceFault('unavailable', 'the model is closed');
    if (!this.#sandbox.alive) {
      await this[Symbol.asyncDispose]();
      await this.start();
    }
    const request = {
      kind: 'run',
      items: items.map(({ mediaType, bytes }) => ({ mediaType, sizeBytes: bytes.byteLength })),
    };
    const bodies = items.map(({ bytes }) => bytes);
    const { header, body } = await this.#ask(request, bodies, this.#limits.batchDeadlineMs);
    if (header.kind !== 'answers' || header.items.length !== items.length) {
      throw new InferenceFault('corrupt', 'the inference child answered something else than was asked');
    }
    return this.#rows(header.items, body);
  }

  #rows(answers: readonly ItemAnswer[], body: Uint8Array): InferredRow[] {
    const dimensions = this.card.output.kind === 'embedding' ? this.card.output.dimensions : 0;
    let at = 0;
    return answers.map((answer) => {
      if ('code' in answer) return failed(answer.code, answer.detail);
      if ('top' in answer) {
        const [best] = answer.top;
        if (best === undefined) throw new InferenceFault('corrupt', 'the inference child gave no label');
        return { status: 'ok', label: best.label, score: best.score, top: answer.top };
      }
      const bytes = body.slice(at, at + dimensions * 4);
      at += bytes.byteLength;
      if (bytes.byteLength !== dimensions * 4) throw new InferenceFault('corrupt', 'an embedding is cut short');
      return { status: 'ok', embedding: new Float32Array(bytes.buffer, bytes.byteOffset, dimensions) };
    });
  }

  async #ask(header: unknown, body: readonly Uint8Array[], deadlineMs: number): Promise<Frame<Answer>> {
    const sandbox = this.#sandbox as Sandbox;
    const answer = sandbox.receive<Answer>(deadlineMs, this.#signal);
    const [frame] = await Promise.all([answer, sandbox.send(header, body)]);
    if (frame.header.kind === 'refused') {
      throw new ModelRefusal(frame.header.code as ModelRefusalCode, frame.header.detail);
    }
    return frame;
  }
}

function failed(code: FailureCode, detail: string): InferredRow {
  return { status: 'failed', reason: failureReason(code, detail) };
}
