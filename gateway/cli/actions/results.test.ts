import { describe, expect, test } from '@jest/globals';
import { lineageText } from './lineage.ts';
import { type ResultView, resultsTable } from './results.ts';

const shown = (...rows: ResultView[]) => resultsTable({ arrow: new Uint8Array(), rows }).split('\n');

describe('results as a table', () => {
  test('show photographs with label and score, and say why a row failed', () => {
    const lines = shown(
      { item: 'cat.jpg', status: 'ok', label: 'tabby', score: 0.51239 },
      { item: 'bad.jpg', status: 'failed', reason: 'CORRUPT: no JPEG' },
    );
    expect(lines[0]).toMatch(/^photograph +label +score$/);
    expect(lines[2]).toMatch(/^cat\.jpg +tabby +0\.512$/);
    expect(lines[3]).toBe('bad.jpg     failed: CORRUPT: no JPEG');
  });

  test('show each document with its nearest other one', () => {
    const lines = shown(
      { item: 'a', status: 'ok', embedding: Float32Array.of(1, 0) },
      { item: 'b', status: 'ok', embedding: Float32Array.of(0, 1) },
      { item: 'c', status: 'ok', embedding: Float32Array.of(0.6, 0.8) },
      { item: 'd', status: 'failed', reason: 'EMPTY: no text' },
    );
    expect(lines.slice(2, 6).map((line) => line.split(/ {2,}/))).toEqual([
      ['a', 'c', '0.600'],
      ['b', 'c', '0.800'],
      ['c', 'b', '0.800'],
      ['d', 'failed: EMPTY: no text'],
    ]);
  });

  test('show the first few of many, never without the failed ones', () => {
    const many = Array.from({ length: 20 }, (_, at) => ({ item: `p${at}`, status: 'ok', label: 'x', score: 1 }));
    const lines = shown(...many, { item: 'bad', status: 'failed', reason: 'CORRUPT: x' });
    expect(lines.at(-2)).toMatch(/^bad +failed/);
    expect(lines.at(-1)).toBe('… and 12 more');
  });
});

test('a lineage names version, job and model, each with its block and transaction', () => {
  const place = (block: number) => ({ block, transaction: `${block}`.padStart(64, 'f') });
  const text = lineageText({
    version: 'vers_out',
    direction: 'upstream',
    items: [{ child: 'vers_out', parent: 'vers_in', job: 'job_1', model: 'modl_1:2', distance: 1, ...place(9) }],
    versions: [
      { id: 'vers_out', title: 'Labels', owner: 'BirchMSP', number: 1, rows: 2, ledger: place(9) },
      { id: 'vers_in', owner: 'AlderMSP', number: 3, rows: 2, ledger: place(4) },
    ],
    jobs: [{ id: 'job_1', purpose: 'dpv:AcademicResearch', state: 'succeeded', ledger: place(9) }],
    models: [{ name: 'modl_1:2', title: 'lite', digest: 'ab'.repeat(32), ledger: place(5) }],
  });
  expect(text).toMatch(/^Labels \(version 1, 2 rows, BirchMSP\)/);
  expect(text).toMatch(/job job_1 for dpv:AcademicResearch · block 9, transaction f+9$/m);
  expect(text).toMatch(/model lite \(2\) sha256 abab.* · block 5/);
  expect(text).toMatch(/from vers_in \(version 3, 2 rows, AlderMSP\) · block 4/);
});
