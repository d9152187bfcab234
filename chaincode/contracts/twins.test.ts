/** The same transactions on two machines of different time zone, locale, clock and randomness leave the same bytes. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import type { Recorded } from '../testing/replay.ts';
import {
  agreementKeyOf,
  alder,
  birch,
  cedar,
  grant,
  grantTerms,
  idOf,
  job,
  jobBody,
  photosV1,
  research,
  Story,
} from '../testing/story.ts';

const replay = fileURLToPath(new URL('../testing/replay.js', import.meta.url));

/** A story that writes down every proposal that it simulates. */
class RecordingStory extends Story {
  readonly recorded: Recorded[] = [];

  override async simulate(proposal: Parameters<Story['simulate']>[0]): ReturnType<Story['simulate']> {
    const transaction = (this.recorded.length + 1).toString(16).padStart(64, '0');
    const atMs = proposal.atMs ?? this.nowMs;
    const { mspId, certificate, name, args, transient = {} } = proposal;
    const beside = Object.entries(transient).map(([key, value]) => [key, Buffer.from(value).toString('base64')]);
    this.recorded.push({
      transaction,
      atMs,
      mspId,
      certificate,
      name,
      args: args.map(String),
      transient: Object.fromEntries(beside),
    });
    return super.simulate({ ...proposal, transaction });
  }
}

async function record(): Promise<readonly Recorded[]> {
  const story = new RecordingStory();
  await story.granted({ ...grantTerms, rows: '100000', uses: 10_000, until: '2030-01-01T00:00:00Z' });
  for (let at = 0; at < 120; at++) {
    const id = at === 0 ? job : idOf('job', `job ${at}`);
    const outputs = { outputDataset: idOf('dset', `o${at}`), outputVersion: idOf('vers', `o${at}`) };
    await story.submit('job:request', jobBody({ id, ...(at === 0 ? {} : outputs) }), story.as(birch, 'data-team'));
    const first = await story.claim(0, at % 2 === 0 ? alder : cedar, id);
    await story.attest(first);
    const second = await story.claim(1, alder, id);
    if (at % 3 === 0) {
      const body = { job: id, index: 1, token: second.token, reason: 'silent' };
      await story.submit('partition:reassign', body, story.as(birch));
      await story.attest(second).catch(() => undefined);
    } else if (at > 0) {
      await story.submit('job:cancel', { id, reason: 'enough' }, story.as(birch));
    }
    const read = {
      id: idOf('accs', `r${at}`),
      version: photosV1,
      purpose: at % 5 === 0 ? 'dpv:Other' : research,
      grant,
    };
    await story.submit('access:record', { ...read, ephemeralKey: agreementKeyOf('x') }, story.as(birch));
    await story.evaluate(
      'partition:listOpen',
      { node: idOf('comp', 'cedar node') },
      story.identity(cedar, 'compute-node'),
    );
    await story.evaluate('partition:list', { job: id }, story.identity(cedar, 'gateway'));
  }
  await story.attest(await story.claim(1, cedar));
  await story.finish();
  await story.submit('grant:revoke', { id: grant, reason: 'over' }, story.as(alder));
  return story.recorded;
}

async function twin(recording: string, env: Record<string, string>, ...flags: string[]): Promise<readonly string[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, replay, recording], {
    env,
    maxBuffer: 1 << 26,
  });
  return stdout.trim().split('\n');
}

test('two peers that differ in time zone, locale, clock and randomness endorse a thousand transactions alike', async () => {
  const recorded = await record();
  const directory = mkdtempSync(join(tmpdir(), 'twins-'));
  try {
    const recording = join(directory, 'recording.json');
    writeFileSync(recording, JSON.stringify(recorded));
    const [even, odd] = await Promise.all([
      twin(recording, { TZ: 'Asia/Kathmandu', LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8' }, '--random-seed=1'),
      twin(recording, { TZ: 'America/St_Johns', LANG: 'C', TWIN: 'odd' }, '--random-seed=99', '--hash-seed=7'),
    ]);
    expect(even.length).toBe(recorded.length);
    expect(recorded.length).toBeGreaterThan(1000);
    expect(new Set(even).size).toBeGreaterThan(900);
    expect(odd).toEqual(even);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
