// The program of the inference child: loads one model, then answers batches until its input ends. It runs without keys, environment, network or files.

// ONNX Runtime 1.30 reports to its makers on Linux unless told not to.
process.env.ORT_DISABLE_TELEMETRY = '1';

const { InferenceSession, env } = await import('onnxruntime-node');
const { mediaTypesAgree, sniffBytes, sniffMediaType } = await import('../../ingest/media-type.ts');
const { ModelRefusal } = await import('../model-refusal.ts');
const { fileOfRole } = await import('../model-files.ts');
const { scanOnnx } = await import('../onnx-scan.ts');
const { readFrames, writeFrame } = await import('../sandbox/child-pipe.ts');
const { sessionOptions } = await import('./session.ts');

type Request = import('./protocol.ts').OpenRequest | import('./protocol.ts').RunRequest;
type RunRequest = import('./protocol.ts').RunRequest;
type OpenRequest = import('./protocol.ts').OpenRequest;
type ItemAnswer = import('./protocol.ts').ItemAnswer;

interface Taken {
  readonly bytes: Uint8Array;
  readonly mediaType: string;
}
type Run = (items: readonly Taken[]) => Promise<{ answers: ItemAnswer[]; vectors: Float32Array[] }>;

let run: Run | undefined;
let accepted: ReadonlySet<string> = new Set();

async function open(request: OpenRequest, body: Uint8Array): Promise<void> {
  const { card, settings, limits } = request;
  const files = new Map<string, Uint8Array>();
  let at = 0;
  for (const { name, sizeBytes } of request.files) {
    files.set(name, body.subarray(at, at + sizeBytes));
    at += sizeBytes;
  }
  const file = (name: string) => files.get(name) ?? new Uint8Array(0);
  const weights = file(fileOfRole(card, 'weights'));
  const { opsets } = scanOnnx(weights);
  if ((opsets.get('') ?? opsets.get('ai.onnx')) !== card.opset) {
    throw new ModelRefusal('MODEL_TENSOR_MISMATCH', 'the model has another operator set than the card says');
  }
  const session = await InferenceSession.create(weights, sessionOptions(settings)).catch((error: Error) => {
    throw new ModelRefusal('MODEL_NOT_LOADED', error.message.slice(0, 300));
  });
  accepted = new Set(card.input.mediaTypes);
  let libvips = '';
  if (card.task === 'image-classification') {
    const [{ Classifier }, { libvipsVersion }] = await Promise.all([import('./classify.ts'), import('./image.ts')]);
    const classifier = new Classifier(session, card, settings, limits, file(fileOfRole(card, 'labels')));
    libvips = libvipsVersion;
    run = async (items) => ({ answers: await classifier.run(items.map(({ bytes }) => bytes)), vectors: [] });
  } else {
    const { Embedder } = await import('./embed.ts');
    const embedder = new Embedder(session, card, limits, file(card.preprocessing.tokenizer));
    run = async (items) => await embedder.run(items);
  }
  const { itemsPerRun: _, dtype, ...used } = settings;
  const runtime = {
    ort: env.versions.node ?? env.versions.common,
    executionProvider: 'cpu',
    ...used,
    dtype,
    node: process.versions.node,
    libvips,
  };
  await writeFrame({ kind: 'opened', runtime });
}

async function answer({ items }: RunRequest, body: Uint8Array): Promise<void> {
  if (run === undefined) throw new ModelRefusal('MODEL_NOT_LOADED', 'no model was opened');
  const answers: ItemAnswer[] = [];
  const taken: Taken[] = [];
  const places: number[] = [];
  let at = 0;
  items.forEach(({ mediaType, sizeBytes }, index) => {
    const bytes = body.subarray(at, at + sizeBytes);
    at += sizeBytes;
    const failure = refuseItem(mediaType, bytes);
    if (failure !== undefined) answers[index] = failure;
    else {
      taken.push({ bytes, mediaType });
      places.push(index);
    }
  });
  const results = await run(taken);
  results.answers.forEach((result, index) => {
    answers[places[index] as number] = result;
  });
  const vectors = results.vectors.map((v) => new Uint8Array(v.buffer, v.byteOffset, v.byteLength));
  await writeFrame({ kind: 'answers', items: answers }, vectors);
}

function refuseItem(mediaType: string, bytes: Uint8Array): ItemAnswer | undefined {
  if (!accepted.has(mediaType)) return { code: 'MEDIA_TYPE_NOT_TAKEN', detail: 'the model takes no such media type' };
  if (!mediaTypesAgree(mediaType, sniffMediaType(bytes.subarray(0, sniffBytes)))) {
    return { code: 'MEDIA_TYPE_MISMATCH', detail: 'the bytes are not what the item is declared as' };
  }
  return undefined;
}

for await (const { header, body } of readFrames<Request>()) {
  try {
    if (header.kind === 'open') await open(header, body);
    else await answer(header, body);
  } catch (error) {
    if (!(error instanceof ModelRefusal)) throw error;
    await writeFrame({ kind: 'refused', code: error.code, detail: error.detail });
  }
}
process.exit(0);
