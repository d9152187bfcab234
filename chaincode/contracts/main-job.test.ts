import { describe, expect, test } from '@jest/globals';
import { cardCommitment } from '../domain/index.ts';
import { birch, cardOf, job, results, resultsV1, Story, versionBody, withCard } from '../testing/story.ts';

describe('the main job', () => {
  test('a grant, a job, claims, attestations and a finish leave an output with its lineage', async () => {
    const story = await new Story().requested();
    for (const index of [0, 1]) await story.attest(await story.claim(index));
    const output = versionBody(resultsV1, results, [10, 10, 5]);
    const body = { id: job, output, cardCommitment: cardCommitment(cardOf(results)) };
    const finished = await story.submit('job:finish', body, { ...story.as(birch), ...withCard(results) });
    expect(finished.state).toBe('succeeded');
    const version = await story.evaluate('dataset:getVersion', { id: resultsV1 }, story.identity(birch, 'gateway'));
    expect(version.origin.job).toBe(job);
  });
});
