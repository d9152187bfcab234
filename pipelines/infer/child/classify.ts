import { type InferenceSession, Tensor } from 'onnxruntime-node';
import type { ImageCard, NumericSettings } from '../card.ts';
import { ModelRefusal } from '../model-refusal.ts';
import { channelTables, decodeImage, writePlanes } from './image.ts';
import { type ItemAnswer, ItemFailure, type ItemLimits } from './protocol.ts';
import { checkTensor, runModel } from './session.ts';

const mostTensorValues = 2 ** 28;

type Pixels = Uint8Array | ItemFailure;

/** Runs pictures through a classifier, `itemsPerRun` at a time; the next ones are decoded while the model runs. */
export class Classifier {
  readonly #session: InferenceSession;
  readonly #card: ImageCard;
  readonly #limits: ItemLimits;
  readonly #labels: readonly string[];
  readonly #tables: readonly Float32Array[];
  readonly #tensor: Float32Array;
  readonly #itemsPerRun: number;

  constructor(
    session: InferenceSession,
    card: ImageCard,
    settings: NumericSettings,
    limits: ItemLimits,
    labels: Uint8Array,
  ) {
    checkTensor('input', session.inputMetadata, card.input.tensor, 'float32');
    checkTensor('output', session.outputMetadata, card.output.tensor, 'float32');
    const { crop, resize } = card.preprocessing;
    const { width, height } = crop ?? resize;
    if (width !== card.input.width || height !== card.input.height || width > resize.width || height > resize.height) {
      throw new ModelRefusal('CARD_INVALID', 'preprocessing leads to another size than the input has');
    }
    if (settings.itemsPerRun * 3 * width * height > mostTensorValues) {
      throw new ModelRefusal('SETTINGS_INVALID', 'the input tensor of one run would be larger than 1 GiB');
    }
    this.#session = session;
    this.#card = card;
    this.#limits = limits;
    this.#labels = parseLabels(labels, card.output.count);
    this.#tables = channelTables(card.preprocessing);
    this.#itemsPerRun = settings.itemsPerRun;
    this.#tensor = new Float32Array(settings.itemsPerRun * 3 * card.input.width * card.input.height);
  }

  /** One answer per picture, in order. */
  async run(items: readonly Uint8Array[]): Promise<ItemAnswer[]> {
    const answers = new Array<ItemAnswer>(items.length);
    const ahead = 2 * this.#itemsPerRun;
    const decoding: Promise<Pixels>[] = [];
    const decode = (index: number) => {
      const bytes = items[index];
      if (bytes === undefined || decoding[index] !== undefined) return;
      decoding[index] = decodeImage(bytes, this.#card, this.#limits).catch((error) => {
        if (error instanceof ItemFailure) return error;
        throw error;
      });
    };
    let waiting: number[] = [];
    for (let index = 0; index < items.length; index++) {
      for (let next = index; next < Math.min(items.length, index + ahead); next++) decode(next);
      const pixels = (await decoding[index]) as Pixels;
      decoding[index] = Promise.resolve(new Uint8Array(0));
      if (pixels instanceof ItemFailure) {
        answers[index] = { code: pixels.code, detail: pixels.message };
        continue;
      }
      writePlanes(pixels, this.#tables, this.#tensor, waiting.length * pixels.length);
      waiting.push(index);
      if (waiting.length === this.#itemsPerRun) {
        await this.#classify(waiting, answers);
        waiting = [];
      }
    }
    if (waiting.length > 0) await this.#classify(waiting, answers);
    return answers;
  }

  async #classify(indices: readonly number[], answers: ItemAnswer[]): Promise<void> {
    const { input, output } = this.#card;
    const size = 3 * input.width * input.height;
    const tensor = new Tensor('float32', this.#tensor.subarray(0, indices.length * size), [
      indices.length,
      3,
      input.height,
      input.width,
    ]);
    const scores = await runModel(
      this.#session,
      { [input.tensor]: tensor },
      output.tensor,
      indices.length * output.count,
    ).catch((error) => {
      if (error instanceof ItemFailure) return error;
      throw error;
    });
    if (scores instanceof ItemFailure) {
      for (const index of indices) answers[index] = { code: scores.code, detail: scores.message };
      return;
    }
    indices.forEach((index, row) => {
      const own = scores.subarray(row * output.count, (row + 1) * output.count);
      answers[index] = own.every(Number.isFinite)
        ? { top: topOf(own, output.top).map((at) => ({ label: this.#labels[at] ?? '', score: own[at] ?? 0 })) }
        : { code: 'RESULT_INVALID', detail: 'the model gave a score that is no number' };
    });
  }
}

/** Indices of the highest scores, highest first; of equal ones the lower index first. */
export function topOf(scores: Float32Array, count: number): number[] {
  const best: number[] = [];
  for (let index = 0; index < scores.length; index++) {
    const score = scores[index] as number;
    if (best.length === count && score <= (scores[best[count - 1] as number] as number)) continue;
    let at = best.length;
    while (at > 0 && score > (scores[best[at - 1] as number] as number)) at--;
    best.splice(at, 0, index);
    if (best.length > count) best.pop();
  }
  return best;
}

function parseLabels(bytes: Uint8Array, count: number): string[] {
  let labels: unknown;
  try {
    labels = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    labels = undefined;
  }
  const good = Array.isArray(labels) && labels.length === count && labels.every((label) => typeof label === 'string');
  if (!good) throw new ModelRefusal('CARD_INVALID', `the labels are not a JSON array of ${count} strings`);
  return labels as string[];
}
