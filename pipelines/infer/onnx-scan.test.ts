import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ModelRefusal } from './model-refusal.ts';
import { field, message, model, node } from './onnx-bytes.ts';
import { scanOnnx } from './onnx-scan.ts';

const models = new URL('../../../models/', import.meta.url);

const external = message(
  field(1, 1),
  field(2, 1),
  field(13, message(field(1, 'location'), field(2, 'secret.bin'))),
  field(14, 1),
);

describe('scanning an ONNX file before it is loaded', () => {
  test('describes the two models that we ship', () => {
    const image = scanOnnx(readFileSync(new URL('efficientnet-lite0/model.onnx', models)));
    expect(image.opsets.get('')).toBe(17);
    expect(image.operators.has('Conv')).toBe(true);
    const text = scanOnnx(readFileSync(new URL('minilm-l6-v2/model.onnx', models)));
    // Weights are stored as int8, but nothing is computed in integers.
    expect([...text.operators].filter((operator) => /Integer|QLinear|Quantize/.test(operator))).toEqual([]);
    expect(text.nodes).toBeGreaterThan(100);
  });

  test.each([
    ['an initializer', model(message(node('Relu'), field(5, external)))],
    ['a constant', model(node('Constant', field(5, message(field(1, 'value'), field(5, external)))))],
    ['a sparse initializer', model(message(node('Relu'), field(15, field(1, external))))],
    [
      'a graph inside a graph',
      model(
        node('If', field(5, message(field(1, 'then_branch'), field(6, message(node('Relu'), field(5, external)))))),
      ),
    ],
    ['a second graph field, which parsers merge', message(model(node('Relu')), field(7, field(5, external)))],
  ])('refuses weights outside the file in %s', (_, bytes) => {
    expect(() => scanOnnx(bytes)).toThrow(/^ONNX_FORBIDDEN: .*external_data/);
  });

  test.each([
    ['a foreign operator domain', model(node('Evil', field(7, 'org.example')))],
    [
      'a foreign domain among the operator sets',
      message(model(node('Relu')), field(8, message(field(1, 'x.y'), field(2, 1)))),
    ],
    ['an endless loop', model(node('Loop'))],
    ['a compiled context', model(node('EPContext', field(7, 'com.microsoft')))],
    ['functions of its own', model(node('Relu'), field(25, message(field(1, 'f'))))],
    ['too many nodes', model(Buffer.concat(Array.from({ length: 20_001 }, () => node('Relu'))))],
  ])('refuses %s', (_, bytes) => {
    expect(() => scanOnnx(bytes)).toThrow(/^ONNX_FORBIDDEN/);
  });

  test('refuses graphs nested without end', () => {
    let graph: Uint8Array = node('Relu');
    for (let depth = 0; depth < 8; depth++) graph = node('If', field(5, field(6, graph)));
    expect(() => scanOnnx(model(graph))).toThrow(/^ONNX_FORBIDDEN: .*nested/);
  });

  test('answers any bytes with a refusal or a summary, never with another error', () => {
    const good = model(message(node('Relu', field(5, message(field(1, 'alpha')))), field(5, message(field(1, 4)))));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(good.byteLength - 1), fc.nat(255)), { maxLength: 6 }),
        fc.nat(good.byteLength),
        (edits, end) => {
          const bytes = Buffer.from(good.subarray(0, end));
          for (const [at, value] of edits) if (at < bytes.byteLength) bytes[at] = value;
          try {
            expect(scanOnnx(bytes).nodes).toBeGreaterThan(0);
          } catch (error) {
            expect(error).toBeInstanceOf(ModelRefusal);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});
