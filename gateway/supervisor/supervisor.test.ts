import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Supervisor } from './supervisor.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'dcloud-supervisor-'));
});
afterEach(() => rm(directory, { recursive: true }));

/** A program that notes when it begins and ends, and serves. */
async function noting(name: string, serves = true) {
  const program = join(directory, `${name}.mjs`);
  await writeFile(
    program,
    `import { appendFileSync } from 'node:fs';
     const note = (what) => appendFileSync(process.argv[2], what + ' ${name}\\n');
     note('begin');
     process.on('SIGTERM', () => { note('end'); process.exit(); });
     ${serves ? `console.log('{"ready":true}'); setInterval(() => {}, 1000);` : 'process.exit(1);'}`,
  );
  return { name, program, config: join(directory, 'notes'), readyWithinMs: 20_000 };
}

const notes = async () => (await readFile(join(directory, 'notes'), 'utf8')).trim().split('\n');
/** The state file itself: the supervisor of these tests is this process, which no pid check would know. */
const state = async () => JSON.parse(await readFile(join(directory, 'run', 'supervisor.json'), 'utf8'));

describe('a network', () => {
  test('starts stage by stage, and stops in the opposite order', async () => {
    const between: string[][] = [];
    const stages = [
      { step: 'first', programs: [await noting('ledger')], after: async () => void between.push(await notes()) },
      { step: 'second', programs: [await noting('gateway')] },
    ];
    {
      await using supervisor = new Supervisor(directory, stages);
      await supervisor.start();
      expect(await state()).toMatchObject({
        pid: process.pid,
        phase: 'ready',
        processes: [
          { name: 'ledger', state: 'ready', restarts: 0 },
          { name: 'gateway', state: 'ready', restarts: 0 },
        ],
      });
    }
    expect(between).toEqual([['begin ledger']]);
    expect(await notes()).toEqual(['begin ledger', 'begin gateway', 'end gateway', 'end ledger']);
    expect(await state()).toMatchObject({ phase: 'stopped' });
  });

  test('of which one program does not start is stopped as a whole, and the state says which and why', async () => {
    const stages = [
      { step: 'first', programs: [await noting('ledger')] },
      { step: 'second', programs: [await noting('gateway', false)] },
      { step: 'third', programs: [await noting('compute')] },
    ];
    await using supervisor = new Supervisor(directory, stages);
    await expect(supervisor.start()).rejects.toThrow(/gateway did not start/);
    expect(await state()).toMatchObject({
      phase: 'failed',
      step: expect.stringMatching(/^gateway did not start: .*exit 1/),
    });
    expect(await notes()).not.toContain('begin compute');
    expect(await notes()).toContain('end ledger');
  });
});
