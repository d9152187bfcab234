import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readState } from '@d-cloud/gateway/supervisor';
import { describe, expect, test } from '@jest/globals';
import { begin, dcloud } from '../support/command-line.ts';
import { scratch } from '../support/scratch.ts';
import { until } from '../support/until.ts';

describe('the demo', () => {
  test('does not empty a folder that it did not make', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'dcloud-mine-'));
    await writeFile(join(folder, 'letter.txt'), 'dear all');
    const shown = await dcloud('demo', '--json', '--directory', folder);
    expect(shown.code).toBe(1);
    expect(shown.json.error).toMatch(/not made by the demo/);
    expect(await readFile(join(folder, 'letter.txt'), 'utf8')).toBe('dear all');
    await rm(folder, { recursive: true });
  });

  test('killed in the middle and played again, tells the whole story and leaves nothing running', async () => {
    await using place = await scratch();
    const directory = join(place.directory, 'demo');
    const { child, ended } = begin(['demo', '--json', '--directory', directory]);
    await until('the demo to publish', async () => (await readState(directory))?.phase === 'ready');
    child.kill('SIGKILL');
    await ended;
    const shown = await dcloud('demo', '--json', '--directory', directory);
    expect(shown.json).toMatchObject({ ok: true, survivedOrganizationLoss: true });
    expect(shown.json.jobs).toHaveLength(2);
    for (const { rows, rowsPerSecond, resultCid, txId } of shown.json.jobs) {
      expect(rows).toBeGreaterThan(20);
      expect(rowsPerSecond).toBeGreaterThan(0);
      expect(resultCid).toMatch(/^bafkrei/);
      expect(txId).toMatch(/^[0-9a-f]{64}$/);
    }
    expect(shown.json.evidence.map(({ verified }: { verified: boolean }) => verified)).toEqual([true, true]);
    expect(shown.json.refused).toContain('PURPOSE_MISMATCH');
    expect(shown.code).toBe(0);
    expect(await readState(directory)).toMatchObject({ phase: 'stopped' });
    for (const { pid } of (await readState(directory))!.processes) expect(() => process.kill(pid!, 0)).toThrow();
  }, 420_000);
});
