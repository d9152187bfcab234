import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { openRequestStore } from './request-store.ts';

describe('the store of answered requests', () => {
  let directory: string;
  let file: string;
  let nowMs = 0;
  const clock = { now: () => new Date(nowMs) };
  const request = { person: 'ada', key: 'k', fingerprint: 'f1' };
  const response = { status: 201, headers: { Location: '/v1/datasets/x' }, body: '{"a":1}' };

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'requests-'));
    file = join(directory, 'requests.sqlite');
    nowMs = Date.parse('2026-01-31T12:00:00Z');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  test('gives the first answer again, also after a restart', () => {
    {
      using store = openRequestStore(file, clock);
      expect(store.begin(request)).toEqual({ kind: 'first' });
      expect(store.begin(request)).toEqual({ kind: 'running' });
      store.answer(request, response);
      expect(store.begin(request)).toEqual({ kind: 'answered', response });
    }
    using store = openRequestStore(file, clock);
    expect(store.begin(request)).toEqual({ kind: 'answered', response });
  });

  test('says mismatch for another request under the key, and keeps persons apart', () => {
    using store = openRequestStore(file, clock);
    store.begin(request);
    expect(store.begin({ ...request, fingerprint: 'f2' })).toEqual({ kind: 'mismatch' });
    expect(store.begin({ ...request, person: 'bob', fingerprint: 'f2' })).toEqual({ kind: 'first' });
  });

  test('a request that was running when the gateway died runs again', () => {
    // Not disposed: a killed process does not close its files either.
    const killed = openRequestStore(file, clock);
    killed.begin(request);
    using store = openRequestStore(file, clock);
    expect(store.begin(request)).toEqual({ kind: 'again' });
    expect(store.begin(request)).toEqual({ kind: 'running' });
    killed[Symbol.dispose]();
  });

  test('after a fault the same request may run again', () => {
    using store = openRequestStore(file, clock);
    store.begin(request);
    store.release(request);
    expect(store.begin(request)).toEqual({ kind: 'again' });
  });

  test('forgets after 24 hours, but nothing that runs', () => {
    using store = openRequestStore(file, clock);
    const running = { ...request, key: 'running' };
    store.begin(running);
    store.begin(request);
    store.answer(request, response);
    nowMs += 24 * 60 * 60 * 1000 + 1;
    for (let at = 0; at < 300; at++) store.begin({ ...request, key: `other-${at}` });
    expect(store.begin(request)).toEqual({ kind: 'first' });
    expect(store.begin(running)).toEqual({ kind: 'running' });
  });

  test('begins anew over a torn file', () => {
    writeFileSync(file, 'SQLite format 3\0 but torn'.padEnd(4096, 'x'));
    using store = openRequestStore(file, clock);
    expect(store.begin(request)).toEqual({ kind: 'first' });
  });
});
