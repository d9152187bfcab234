import { describe, expect, test } from '@jest/globals';
import { openContent } from './open-content.ts';
import type { OpenInit } from './open-messages.ts';

/** What the thread would be given does not matter here: other programs stand for it. */
const init: OpenInit = {
  manifest: new Uint8Array(),
  secret: { kind: 'segments', keys: new Map() },
  ways: new Map(),
  right: [],
  form: 'json-lines',
};
const { signal } = new AbortController();
const program = (...lines: string[]) =>
  new URL(
    `data:text/javascript,${encodeURIComponent(`import { parentPort as port } from 'node:worker_threads';\n${lines.join('\n')}`)}`,
  );
const decoding = "port.postMessage({ kind: 'decoding' });";
const decoded = "port.postMessage({ kind: 'decoded' });";

describe('content that is decoded', () => {
  test('is given up where that takes too long, and its thread with it', async () => {
    const endless = program(decoding, 'for (;;);');
    const opened = openContent(init, { signal, decodeWithinMs: 100, program: endless });
    await expect(opened).rejects.toMatchObject({ kind: 'corrupt', message: expect.stringContaining('more time') });
  });

  test('is given up where that takes too much memory, and the program goes on', async () => {
    const greedy = program(
      decoding,
      'const all = [];',
      'for (;;) all.push(new Array(1_000_000).fill(all.length + 0.5));',
    );
    const opened = openContent(init, { signal, program: greedy });
    await expect(opened).rejects.toMatchObject({ kind: 'corrupt', message: expect.stringContaining('more memory') });
  }, 30_000);

  test('may take longer in all than a part of it may, and waits for whoever sends or reads it as long as that takes', async () => {
    const patient = program(
      ...[decoding, decoded],
      'await new Promise((resolve) => setTimeout(resolve, 300));',
      "port.postMessage({ kind: 'begin', mediaType: 'application/x-ndjson' });",
      "port.postMessage({ kind: 'piece', bytes: Buffer.from('{}') });",
      "port.postMessage({ kind: 'end', digest: 'd' });",
      'port.close();',
    );
    const opened = await openContent(init, { signal, decodeWithinMs: 100, program: patient });
    const bytes = Buffer.concat(await Array.fromAsync(opened.bytes));
    expect([bytes.toString(), opened.digest()]).toEqual(['{}', 'd']);
  });
});
