import { Tokenizer } from '@huggingface/tokenizers';
import { type InferenceSession, Tensor } from 'onnxruntime-node';
import type { TextCard } from '../card.ts';
import { ModelRefusal } from '../model-refusal.ts';
import { documentText } from './document-text.ts';
import { type ItemAnswer, ItemFailure, type ItemLimits } from './protocol.ts';
import { checkTensor, runModel } from './session.ts';

/** Turns documents into unit vectors. One unpadded window per run: a model that quantizes by the range of the whole tensor would else let neighbours change each other's bits. */
export class Embedder {
  readonly #session: InferenceSession;
  readonly #card: TextCard;
  readonly #limits: ItemLimits;
  readonly #tokenizer: Tokenizer;
  readonly #start: number;
  readonly #end: number;

  constructor(session: InferenceSession, card: TextCard, limits: ItemLimits, tokenizer: Uint8Array) {
    const { tensors } = card.input;
    for (const name of [tensors.ids, tensors.mask, ...(tensors.types === undefined ? [] : [tensors.types])]) {
      checkTensor('input', session.inputMetadata, name, 'int64');
    }
    checkTensor('output', session.outputMetadata, card.output.tensor, 'float32');
    this.#session = session;
    this.#card = card;
    this.#limits = limits;
    this.#tokenizer = parseTokenizer(tokenizer);
    this.#start = this.#special('[CLS]');
    this.#end = this.#special('[SEP]');
  }

  /** One answer per document, in order, and the vectors of those that have one. */
  async run(
    documents: readonly { readonly bytes: Uint8Array; readonly mediaType: string }[],
  ): Promise<{ answers: ItemAnswer[]; vectors: Float32Array[] }> {
    const answers: ItemAnswer[] = [];
    const vectors: Float32Array[] = [];
    for (const { bytes, mediaType } of documents) {
      try {
        const vector = await this.#embed(await documentText(bytes, mediaType, this.#limits));
        vectors.push(vector);
        answers.push({ embedding: true });
      } catch (error) {
        if (!(error instanceof ItemFailure)) throw error;
        answers.push({ code: error.code, detail: error.message });
      }
    }
    return { answers, vectors };
  }

  async #embed(text: string): Promise<Float32Array> {
    const sum = new Float64Array(this.#card.output.dimensions);
    for (const window of this.#windows(text)) {
      const pooled = await this.#pool(window);
      const length = Math.hypot(...pooled) || 1;
      pooled.forEach((value, at) => {
        sum[at] = (sum[at] as number) + value / length;
      });
    }
    const length = Math.hypot(...sum);
    if (!(length > 0) || !Number.isFinite(length)) {
      throw new ItemFailure('RESULT_INVALID', 'the model gave a vector without direction');
    }
    return Float32Array.from(sum, (value) => value / length);
  }

  async #pool(ids: readonly number[]): Promise<Float64Array> {
    const { input, output } = this.#card;
    const tensor = (value: (id: number) => bigint) =>
      new Tensor('int64', BigInt64Array.from(ids, value), [1, ids.length]);
    const feeds: Record<string, Tensor> = {
      [input.tensors.ids]: tensor(BigInt),
      [input.tensors.mask]: tensor(() => 1n),
    };
    if (input.tensors.types !== undefined) feeds[input.tensors.types] = tensor(() => 0n);
    const hidden = await runModel(this.#session, feeds, output.tensor, ids.length * output.dimensions);
    const mean = new Float64Array(output.dimensions);
    for (let token = 0, at = 0; token < ids.length; token++) {
      for (let dimension = 0; dimension < output.dimensions; dimension++, at++) {
        mean[dimension] = (mean[dimension] as number) + (hidden[at] as number);
      }
    }
    return mean.map((value) => value / ids.length);
  }

  /** The first windows of the text; only as much text is tokenized as they can hold. */
  #windows(text: string): number[][] {
    const { windowTokens, windows } = this.#card.preprocessing;
    const own = windowTokens - 2;
    const wanted = own * windows;
    let ids: number[] = [];
    for (let characters = wanted * 8; ; characters *= 2) {
      ids = this.#tokenizer.encode(text.slice(0, characters), { add_special_tokens: false }).ids;
      // The last word may be cut; with a margin past what we use it does not matter.
      if (characters >= text.length || ids.length >= wanted + 64) break;
    }
    if (ids.length === 0) throw new ItemFailure('NO_TEXT', 'the document holds no text');
    return Array.from({ length: Math.min(windows, Math.ceil(ids.length / own)) }, (_, index) => [
      this.#start,
      ...ids.slice(index * own, Math.min((index + 1) * own, wanted)),
      this.#end,
    ]);
  }

  #special(token: string): number {
    const id = this.#tokenizer.token_to_id(token);
    if (id === undefined) throw new ModelRefusal('CARD_INVALID', `the tokenizer has no ${token}`);
    return id;
  }
}

function parseTokenizer(bytes: Uint8Array): Tokenizer {
  try {
    return new Tokenizer(JSON.parse(new TextDecoder().decode(bytes)) as object, {});
  } catch {
    throw new ModelRefusal('CARD_INVALID', 'the tokenizer file cannot be read');
  }
}
