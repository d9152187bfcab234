import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { removeLeftovers } from './leftovers.ts';

test('what a killed backup or restore left is removed once it is old, and nothing else', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'leftovers-'));
  try {
    const now = new Date('2026-11-22T12:00:00Z');
    const old = new Date('2026-11-22T10:00:00Z');
    for (const name of ['.backup-a1B2c3', '.restore-x9Y8z7', '.backup-young1', '.backups', 'gateway']) {
      mkdirSync(join(directory, name));
      writeFileSync(join(directory, name, 'key-store.key'), 'x');
      const at = name === '.backup-young1' ? now : old;
      utimesSync(join(directory, name), at, at);
    }
    expect(await removeLeftovers(directory, now)).toBe(2);
    expect(readdirSync(directory).sort()).toEqual(['.backup-young1', '.backups', 'gateway']);
    expect(await removeLeftovers(join(directory, 'absent'), now)).toBe(0);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
