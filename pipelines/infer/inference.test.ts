import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { kill } from 'node:process';
import { describe, expect, test } from '@jest/globals';
import sharp from 'sharp';
import { mediaTypeOfName } from '../ingest/media-type.ts';
import { checkModelCard, type ModelCard, parseNumericSettings } from './card.ts';
import { type InferenceItem, openInference } from './inference.ts';
import { type Model, readModelFolder } from './model-files.ts';
import { nearest } from './nearest.ts';
import { field, message, model, node } from './onnx-bytes.ts';
import type { InferredRow } from './result-row.ts';

const root = new URL('../../../', import.meta.url);
const folder = (name: string) => new URL(`models/${name}/`, root).pathname;
const photograph = (name: string) => item(`photographs/files/${name}`);
const document = (name: string) => item(`documents/files/${name}`);
const bad = (name: string) => item(`bad/${name}`);

function item(path: string): InferenceItem {
  return { mediaType: mediaTypeOfName(path), bytes: readFileSync(new URL(`test/samples/${path}`, root)) };
}
const label = (row: InferredRow | undefined) => (row !== undefined && 'label' in row ? row.label : undefined);
const reason = (row: InferredRow | undefined) => (row?.status === 'failed' ? row.reason.split(':')[0] : row?.status);
const vector = (row: InferredRow | undefined) => (row !== undefined && 'embedding' in row ? row.embedding : undefined);

describe('classifying photographs', () => {
  test('names what is on them, and lets each bad one fail alone with its reason', async () => {
    const { files, card } = await readModelFolder(folder('efficientnet-lite0'));
    await using inference = await openInference(files, card);
    const rows = await inference.run([
      photograph('coffee.png'),
      bad('corrupt.jpg'),
      photograph('camera.png'),
      bad('text-named.jpg'),
      bad('pixel-bomb.png'),
      { mediaType: 'image/png', bytes: new Uint8Array(0) },
      { mediaType: 'text/plain', bytes: Buffer.from('a text') },
      {
        mediaType: 'image/svg+xml',
        bytes: Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'),
      },
      photograph('paintbrushes.jpg'),
    ]);
    expect([label(rows[0]), label(rows[2]), label(rows[8])]).toEqual(['espresso', 'tripod', 'paintbrush']);
    expect([1, 3, 4, 5, 6, 7].map((at) => reason(rows[at]))).toEqual([
      'CORRUPT',
      'MEDIA_TYPE_MISMATCH',
      'TOO_LARGE',
      'MEDIA_TYPE_MISMATCH',
      'MEDIA_TYPE_NOT_TAKEN',
      'MEDIA_TYPE_NOT_TAKEN',
    ]);
    const [coffee] = rows;
    expect(coffee !== undefined && 'top' in coffee ? coffee.top.length : 0).toBe(5);
  });

  test('takes every format that the card names, and pictures that are grey, transparent or turned by their EXIF', async () => {
    const { files, card } = await readModelFolder(folder('efficientnet-lite0'));
    await using inference = await openInference(files, card);
    const coffee = sharp(photograph('coffee.png').bytes);
    const formats = ['jpeg', 'png', 'webp', 'tiff', 'gif', 'avif'] as const;
    const items = formats.map(async (format) => ({
      mediaType: `image/${format}`,
      bytes: await coffee.clone().toFormat(format).toBuffer(),
    }));
    const turned = await coffee.clone().rotate(-90).withMetadata({ orientation: 6 }).jpeg().toBuffer();
    const clear = await coffee.clone().ensureAlpha(0.99).png().toBuffer();
    const grey = await coffee.clone().greyscale().png().toBuffer();
    const rows = await inference.run([
      ...(await Promise.all(items)),
      { mediaType: 'image/jpeg', bytes: turned },
      { mediaType: 'image/png', bytes: clear },
      { mediaType: 'image/png', bytes: grey },
    ]);
    expect(rows.slice(0, 8).map(label)).toEqual(Array.from({ length: 8 }, () => 'espresso'));
    expect(rows[8]?.status).toBe('ok');
  });

  test('gives the same bits for a photograph whatever its neighbours are, and again after a restart', async () => {
    const { files, card } = await readModelFolder(folder('efficientnet-lite0'));
    await using inference = await openInference(files, card);
    const [alone] = await inference.run([photograph('china.jpg')]);
    const together = await inference.run([photograph('coffee.png'), photograph('china.jpg'), bad('corrupt.jpg')]);
    expect(together[1]).toEqual(alone);
    kill(inference.pid as number, 'SIGKILL');
    const [again] = await inference.run([photograph('china.jpg')]);
    expect(again).toEqual(alone);
  });

  test('goes on when the child is killed in the middle of a batch', async () => {
    const { files, card } = await readModelFolder(folder('efficientnet-lite0'));
    await using inference = await openInference(files, card);
    const running = inference.run(Array.from({ length: 24 }, () => photograph('rocket.jpg')));
    kill(inference.pid as number, 'SIGKILL');
    const rows = await running;
    expect(rows.map(label)).toEqual(Array.from({ length: 24 }, () => 'missile'));
  });

  test('fails an item that is not ready at its deadline, and gives up on a model that never is', async () => {
    const { files, card } = await readModelFolder(folder('efficientnet-lite0'));
    await using inference = await openInference(files, card, { limits: { batchDeadlineMs: 1 } });
    const rows = await inference.run([photograph('astronaut.png'), photograph('coffee.png')]);
    expect(rows.map(reason)).toEqual(['DEADLINE', 'DEADLINE']);
    const many = Array.from({ length: 4 }, () => photograph('astronaut.png'));
    await expect(inference.run(many)).rejects.toThrow(/^MODEL_UNRUNNABLE/);
  });

  test('stops within the batch when the caller gives up', async () => {
    const { files, card } = await readModelFolder(folder('efficientnet-lite0'));
    const caller = new AbortController();
    await using inference = await openInference(files, card, { signal: caller.signal });
    const running = inference.run(Array.from({ length: 200 }, () => photograph('astronaut.png')));
    caller.abort(new Error('the grant was revoked'));
    await expect(running).rejects.toThrow('the grant was revoked');
  });
});

describe('embedding documents', () => {
  test('puts the same manual in two formats next to each other, and lets bad documents fail alone', async () => {
    const { files, card } = await readModelFolder(folder('minilm-l6-v2'));
    await using inference = await openInference(files, card);
    const names = [
      'bzip2-manual.html',
      'bzip2-manual.pdf',
      'dataset-iris.txt',
      'dataset-wine-data.txt',
      'mammoth-tables.docx',
      'readme-zod.md',
    ];
    const rows = await inference.run([
      ...names.map(document),
      bad('garbage.pdf'),
      bad('unpacking-bomb.docx'),
      { mediaType: 'text/plain', bytes: Buffer.from(' \n\t ') },
      { mediaType: 'application/pdf', bytes: Buffer.from('not a PDF') },
    ]);
    const vectors = rows.map(vector);
    expect(vectors.slice(0, names.length).every((one) => one?.length === 384)).toBe(true);
    const closest = (at: number) => names[nearest(vectors, vectors[at] as Float32Array, 1, at)[0]?.index ?? -1];
    expect([0, 1, 2, 3].map(closest)).toEqual([
      'bzip2-manual.pdf',
      'bzip2-manual.html',
      'dataset-wine-data.txt',
      'dataset-iris.txt',
    ]);
    expect(rows.slice(names.length).map(reason)).toEqual(['CORRUPT', 'TOO_LARGE', 'NO_TEXT', 'MEDIA_TYPE_MISMATCH']);
    expect(Math.hypot(...(vectors[0] as Float32Array))).toBeCloseTo(1, 5);
  });
});

describe('opening a model', () => {
  let known: Model | undefined;
  const efficientNet = async () => {
    known ??= await readModelFolder(folder('efficientnet-lite0'));
    return known;
  };

  test('refuses files that are not the ones the card names', async () => {
    const { files, card } = await efficientNet();
    const bytes = Buffer.from(files.get('model.onnx') as Uint8Array);
    bytes[bytes.byteLength >> 1] = (bytes[bytes.byteLength >> 1] as number) ^ 1;
    await expect(openInference(new Map(files).set('model.onnx', bytes), card)).rejects.toThrow(
      /^MODEL_DIGEST_MISMATCH/,
    );
    await expect(openInference(new Map(), card)).rejects.toThrow(/^MODEL_FILE_MISSING/);
  });

  test('refuses weights that are no ONNX model, and a card that promises other tensors', async () => {
    const { files, card } = await efficientNet();
    const labels = files.get('labels.json') as Uint8Array;
    const stated = card.files['labels.json'] as ModelCard['files'][string];
    const swapped = { ...card, files: { ...card.files, 'model.onnx': { ...stated, role: 'weights' as const } } };
    await expect(openInference(new Map(files).set('model.onnx', labels), swapped)).rejects.toThrow(/^ONNX_/);
    const other = checkModelCard({ ...card, output: { ...card.output, tensor: 'logits' } });
    await expect(openInference(files, other)).rejects.toThrow(/^MODEL_TENSOR_MISMATCH/);
  });

  test('says which runtime, precision options and threads gave the results, and takes them from the job', async () => {
    const { files, card } = await efficientNet();
    const settings = parseNumericSettings({ ...card.numeric, graphOptimizationLevel: 'basic', itemsPerRun: 2 });
    await using inference = await openInference(files, card, { settings });
    expect(inference.runtime).toMatchObject({
      ort: '1.30.0',
      executionProvider: 'cpu',
      intraOpThreads: 1,
      interOpThreads: 1,
      graphOptimizationLevel: 'basic',
      sessionOptions: { 'session.x64quantprecision': '1' },
    });
    expect(inference.runtime.isa).toMatch(/^(sse|avx2|avx512)|^arm64$/);
  });

  test('survives a tiny model that asks for 57 GB, and one that reads files', async () => {
    const { files, card } = await efficientNet();
    const value = (name: string, dims: number[]) =>
      message(
        field(1, name),
        field(2, field(1, message(field(1, 1), field(2, message(...dims.map((dim) => field(1, field(1, dim)))))))),
      );
    const shape = message(field(1, 2), field(2, 7), field(8, 'shape'), field(7, 120_000), field(7, 120_000));
    const graph = (initializer: Uint8Array) =>
      message(
        node('ConstantOfShape', field(1, 'shape'), field(2, 'probs')),
        field(2, 'bomb'),
        field(5, initializer),
        field(11, value('input', [1, 3, 224, 224])),
        field(12, value('probs', [120_000, 120_000])),
      );
    const open = async (bytes: Uint8Array) => {
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      const stated = { role: 'weights', sha256, sizeBytes: bytes.byteLength };
      const own = checkModelCard({ ...card, files: { ...card.files, 'model.onnx': stated } });
      await using inference = await openInference(new Map(files).set('model.onnx', bytes), own);
      return (await inference.run([photograph('coffee.png')])).map(reason);
    };
    const bomb = model(graph(shape));
    expect(bomb.byteLength).toBeLessThan(200);
    expect(['MODEL_FAILED', 'CHILD_DIED']).toContain((await open(bomb))[0]);
    const secret = message(
      field(1, 2),
      field(2, 7),
      field(8, 'shape'),
      field(13, message(field(1, 'location'), field(2, 'secret.bin'))),
    );
    await expect(open(model(graph(secret)))).rejects.toThrow(/^ONNX_FORBIDDEN: .*external_data/);
  });

  test('refuses a card whose preprocessing leads elsewhere, and settings that would fill the memory', async () => {
    const { files, card } = await efficientNet();
    const { crop: _, ...preprocessing } =
      card.task === 'image-classification' ? card.preprocessing : { crop: undefined };
    await expect(openInference(files, checkModelCard({ ...card, preprocessing }))).rejects.toThrow(/^CARD_INVALID/);
    const huge = {
      ...card,
      input: { ...card.input, width: 4096, height: 4096 },
      preprocessing: { ...preprocessing, resize: { fit: 'fill', width: 4096, height: 4096, kernel: 'cubic' } },
    };
    const settings = { ...card.numeric, itemsPerRun: 256 };
    await expect(openInference(files, checkModelCard(huge), { settings })).rejects.toThrow(/^SETTINGS_INVALID/);
  });

  test('refuses settings and cards with fields of their own', async () => {
    const { card } = await efficientNet();
    const options = { 'session.load_model_format': '1' };
    expect(() => parseNumericSettings({ ...card.numeric, sessionOptions: options })).toThrow(/^SETTINGS_INVALID/);
    expect(() => checkModelCard({ ...card, command: 'rm' })).toThrow(/^CARD_INVALID/);
  });
});
