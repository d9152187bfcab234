import { describe, expect, test } from '@jest/globals';
import { challengeOf, type InferencePredicate, keyIdOf, sha256 } from '../domain/index.ts';
import {
  alder,
  alderNode,
  birch,
  cedar,
  cedarNode,
  grantTerms,
  idOf,
  job,
  jobBody,
  photosV1,
  Story,
} from '../testing/story.ts';

describe('a claim', () => {
  test('gives the next token, the ephemeral key and a challenge of its own transaction', async () => {
    const story = await new Story().requested();
    const { claim, state, token } = await story.claim(0);
    expect({ state, token }).toEqual({ state: 'claimed', token: 1 });
    expect(claim).toMatchObject({ node: alderNode, organization: alder, token: 1 });
    expect(claim?.challenge).toBe(challengeOf(claim?.transaction ?? '', job, 0, 1));
    expect(story.events.slice(-2)).toMatchObject([
      { kind: 'partition.claimed' },
      { kind: 'job.started', job: { state: 'running' } },
    ]);
    await story.claim(1, cedar);
    expect(story.events.at(-1)?.kind).toBe('partition.claimed');
  });

  test('is refused on a claimed partition, and one of two that race wins', async () => {
    const story = await new Story().requested();
    const race = [
      await story.simulate(story.proposal('partition:claim', story.claimBody(0), story.as(alder, 'compute-node'))),
      await story.simulate(
        story.proposal('partition:claim', story.claimBody(0, cedarNode), story.as(cedar, 'compute-node')),
      ),
    ] as const;
    expect(race.map(({ status }) => status)).toEqual([200, 200]);
    story.commit(race[0]);
    expect(() => story.commit(race[1])).toThrow('MVCC_READ_CONFLICT');
    await expect(story.claim(0, cedar)).rejects.toThrow('PARTITION_CLAIMED');
  });

  test('that read the grant before a revoke does not commit after it', async () => {
    const story = await new Story().requested();
    const claim = await story.simulate(
      story.proposal('partition:claim', story.claimBody(0), story.as(alder, 'compute-node')),
    );
    await story.submit('grant:revoke', { id: idOf('grnt', 'grant'), reason: 'over' }, story.as(alder));
    expect(() => story.commit(claim)).toThrow('MVCC_READ_CONFLICT');
  });

  test('is refused past the end of the grant', async () => {
    const story = await new Story().requested({}, { ...grantTerms, until: '2027-01-01T00:00:00Z' });
    const late = { ...story.as(alder, 'compute-node'), atMs: Date.UTC(2027, 0, 1, 0, 0, 1) };
    await expect(story.submit('partition:claim', story.claimBody(0), late)).rejects.toThrow('GRANT_EXPIRED');
  });

  test('is refused to a node that drains, has left, is unknown, or is not an executor', async () => {
    const story = await new Story().requested({ executors: [alder] });
    await expect(story.claim(0, cedar)).rejects.toThrow('EXECUTOR_NOT_ALLOWED');
    await story.submit('compute-node:drain', { id: alderNode }, story.as(alder, 'operator'));
    await expect(story.claim(0)).rejects.toThrow('NODE_NOT_ACTIVE');
    await story.submit('compute-node:leave', { id: alderNode }, story.as(alder, 'operator'));
    await expect(story.claim(0)).rejects.toThrow('NODE_NOT_ACTIVE');
    const unknown = story.claimBody(0, idOf('comp', 'other'));
    await expect(story.submit('partition:claim', unknown, story.as(alder, 'compute-node'))).rejects.toThrow(
      'COMPUTE_NODE_NOT_FOUND',
    );
  });

  test('is refused to a certificate whose key is not the registered one', async () => {
    const story = await new Story().requested();
    const second = idOf('comp', 'second');
    const { publicKey } = story.identity('AlderMSP', 'compute-node 2');
    const runtime = { ort: '1', executionProvider: 'cpu', isa: 'avx2' };
    await story.submit(
      'compute-node:register',
      { id: second, publicKey, classes: ['R-1'], runtime },
      story.as(alder, 'operator'),
    );
    const body = story.claimBody(0, second);
    await expect(story.submit('partition:claim', body, story.as(alder, 'compute-node'))).rejects.toThrow(
      'CALLER_NOT_OWNER',
    );
  });
});

describe('the list of open partitions', () => {
  test('shows a node what it could claim now', async () => {
    const story = await new Story().requested({ executors: [alder] });
    const listFor = async (node: typeof alderNode) => {
      const open = await story.evaluate('partition:listOpen', { node }, story.identity(alder, 'compute-node'));
      return open.map(({ index }) => index);
    };
    expect(await listFor(alderNode)).toEqual([0, 1]);
    expect(await listFor(cedarNode)).toEqual([]);
    const { token } = await story.claim(0);
    expect(await listFor(alderNode)).toEqual([1]);
    await story.submit('partition:reassign', { job, index: 0, token, reason: 'silent' }, story.as(birch));
    expect(await listFor(alderNode)).toEqual([0, 1]);
    await story.submit('compute-node:drain', { id: alderNode }, story.as(alder, 'operator'));
    expect(await listFor(alderNode)).toEqual([]);
  });
});

describe('a token', () => {
  test('of a claim that was reassigned or released is fenced off at once', async () => {
    const story = await new Story().requested();
    const first = await story.claim(0);
    await story.submit('partition:reassign', { job, index: 0, token: 1, reason: 'silent' }, story.as(birch));
    await expect(story.attest(first)).rejects.toThrow('FENCED');
    const second = await story.claim(0, cedar);
    expect(second).toMatchObject({ token: 3, attempts: 1 });
    await expect(story.attest(first)).rejects.toThrow('FENCED');
    const release = { job, index: 0, token: second.token, reason: 'draining' };
    await expect(story.submit('partition:release', release, story.as(alder, 'compute-node'))).rejects.toThrow(
      'CALLER_NOT_OWNER',
    );
    await story.submit('partition:release', release, story.as(cedar, 'compute-node'));
    await expect(story.attest(second)).rejects.toThrow('FENCED');
    await expect(story.submit('partition:release', release, story.as(cedar, 'compute-node'))).rejects.toThrow('FENCED');
    const third = await story.claim(0);
    expect(third).toMatchObject({ token: 5, attempts: 2 });
    expect(await story.attest(third)).toMatchObject({
      state: 'accepted',
      accepted: { token: 5, rows: 20, failedRows: 1 },
    });
  });

  test('of two reassignments that race is spent by one', async () => {
    const story = await new Story().requested();
    await story.claim(0);
    const body = { job, index: 0, token: 1, reason: 'silent' };
    const first = await story.simulate(story.proposal('partition:reassign', body, story.as(birch)));
    const second = await story.simulate(story.proposal('partition:reassign', body, story.as(birch)));
    story.commit(first);
    expect(() => story.commit(second)).toThrow('MVCC_READ_CONFLICT');
    await expect(story.submit('partition:reassign', body, story.as(birch))).rejects.toThrow('FENCED');
  });
});

describe('an attestation', () => {
  test('is accepted once, and a node that drains may still give it', async () => {
    const story = await new Story().requested();
    const claimed = await story.claim(0);
    await story.submit('compute-node:drain', { id: alderNode }, story.as(alder, 'operator'));
    const accepted = await story.attest(claimed);
    expect(accepted.accepted).toMatchObject({ node: alderNode, organization: alder, resultRoot: sha256('root') });
    await expect(story.attest(claimed)).rejects.toThrow('FENCED');
    expect(story.events.at(-1)).toMatchObject({ kind: 'partition.attested', partition: accepted });
  });

  type Change = (predicate: InferencePredicate) => object;
  const wrong: readonly [string, Change][] = [
    ['channel', () => ({ channel: 'other' })],
    ['job', () => ({ job: idOf('job', 'other') })],
    ['partition', () => ({ partition: 1 })],
    ['token', () => ({ token: 2 })],
    ['attempt', () => ({ attempt: 2 })],
    ['challenge', () => ({ challenge: sha256('other') })],
    ['node.id', ({ node }) => ({ node: { ...node, id: cedarNode } })],
    ['node.organization', ({ node }) => ({ node: { ...node, organization: cedar } })],
    ['node.keyId', ({ node }) => ({ node: { ...node, keyId: sha256('other') } })],
    ['node.class', ({ node }) => ({ node: { ...node, class: 'J-1' } })],
    ['inputs.length', ({ inputs }) => ({ inputs: [...inputs, ...inputs] })],
    ['inputs[0].version', ({ inputs }) => ({ inputs: [{ ...inputs[0], version: idOf('vers', 'other') }] })],
    [
      'inputs[0].manifestCommitment',
      ({ inputs }) => ({ inputs: [{ ...inputs[0], manifestCommitment: sha256('other') }] }),
    ],
    ['inputs[0].rows', ({ inputs }) => ({ inputs: [{ ...inputs[0], rows: 19 }] })],
    ['model.version', ({ model }) => ({ model: { ...model, version: `${idOf('modl', 'classifier')}:2` } })],
    ['model.digest', ({ model }) => ({ model: { ...model, digest: sha256('other') } })],
    ['model.approval', ({ model }) => ({ model: { ...model, approval: sha256('other') } })],
    ['spec.digest', ({ spec }) => ({ spec: { ...spec, digest: sha256('other') } })],
    ['spec.batchPlan', ({ spec }) => ({ spec: { ...spec, batchPlan: sha256('other') } })],
    ['spec.preprocessing', ({ spec }) => ({ spec: { ...spec, preprocessing: sha256('other') } })],
    ['runtime.ort', ({ runtime }) => ({ runtime: { ...runtime, ort: '1.29.0' } })],
    ['runtime.executionProvider', ({ runtime }) => ({ runtime: { ...runtime, executionProvider: 'cuda' } })],
    ['runtime.isa', ({ runtime }) => ({ runtime: { ...runtime, isa: 'avx512' } })],
    ['runtime.threads', ({ runtime }) => ({ runtime: { ...runtime, threads: 2 } })],
    [
      'runtime.precision.graphOptimization',
      ({ runtime }) => ({ runtime: { ...runtime, precision: { ...runtime.precision, graphOptimization: 'basic' } } }),
    ],
    [
      'runtime.precision.preciseQuantization',
      ({ runtime }) => ({ runtime: { ...runtime, precision: { ...runtime.precision, preciseQuantization: true } } }),
    ],
    ['outputs.leaves', ({ outputs }) => ({ outputs: { ...outputs, leaves: 19 } })],
    ['outputs.failedRows', ({ outputs }) => ({ outputs: { ...outputs, failedRows: 21 } })],
    ['outputs.batchRoots', ({ outputs }) => ({ outputs: { ...outputs, batchRoots: 1 } })],
    ['meter.rows', ({ meter }) => ({ meter: { ...meter, rows: 200 } })],
    ['assuranceLevel', () => ({ assuranceLevel: 'quorum' })],
    ['statement.predicate.times.started', ({ times }) => ({ times: { ...times, started: 'yesterday' } })],
    ['statement.predicate.outputs.root', ({ outputs }) => ({ outputs: { ...outputs, root: 'ABC' } })],
    ['statement.predicate.node.certificateSerial', ({ node }) => ({ node: { ...node, certificateSerial: 'XY' } })],
  ];
  test('that differs from the ledger in any field is refused, by that field', async () => {
    const story = await new Story().requested();
    const claimed = await story.claim(0);
    const honest = await story.predicate(claimed);
    const attest = (predicate: InferencePredicate, subject?: string) => {
      const envelope = story.envelope(predicate, alder, subject);
      return story.submit('partition:attest', { job, index: 0, token: 1, envelope }, story.as(alder, 'compute-node'));
    };
    for (const [field, change] of wrong) {
      const told = attest({ ...honest, ...change(honest) } as InferencePredicate);
      await expect(told).rejects.toThrow(`ATTESTATION_INVALID: ${field} `);
    }
    await expect(attest(honest, sha256('other'))).rejects.toThrow('ATTESTATION_INVALID: subject[0].digest.sha256 ');
    // Informational: nothing is decided on bytes and times.
    const inflated = {
      ...honest,
      meter: { ...honest.meter, bytesOut: 1e9 },
      times: { started: '2000-01-01T00:00:00Z', finished: '2030-01-01T00:00:00Z' },
    };
    expect(await attest(inflated)).toMatchObject({ state: 'accepted' });
  });

  test("signed with another node's key, or replayed from another claim, is refused", async () => {
    const story = await new Story().requested();
    const claimed = await story.claim(0);
    const honest = await story.predicate(claimed);
    const submit = (envelope: string, as = alder, token = 1) =>
      story.submit('partition:attest', { job, index: 0, token, envelope }, story.as(as, 'compute-node'));
    await expect(submit(story.envelope(honest, cedar))).rejects.toThrow('not signed with');
    const forged = {
      ...honest,
      node: { ...honest.node, keyId: keyIdOf(story.identity(cedar, 'compute-node').publicKey) },
    };
    await expect(submit(story.envelope(forged, cedar))).rejects.toThrow('not signed with');
    await expect(submit(story.envelope(honest, alder), cedar)).rejects.toThrow('CALLER_NOT_OWNER');
    const old = story.envelope(honest, alder);
    await story.submit(
      'partition:release',
      { job, index: 0, token: 1, reason: 'again' },
      story.as(alder, 'compute-node'),
    );
    const { token } = await story.claim(0);
    await expect(submit(old, alder, token)).rejects.toThrow('ATTESTATION_INVALID: token is 1');
    await expect(submit('AAAA', alder, token)).rejects.toThrow('ATTESTATION_INVALID');
  });

  test('of one job says nothing for another', async () => {
    const story = await new Story().requested();
    const second = { id: idOf('job', 'second'), outputDataset: idOf('dset', 's'), outputVersion: idOf('vers', 's') };
    await story.submit('job:request', jobBody({ ...second, version: photosV1 }), story.as(birch));
    const envelope = story.envelope(await story.predicate(await story.claim(0)), alder);
    const { token } = await story.claim(0, alder, second.id);
    const replay = { job: second.id, index: 0, token, envelope };
    await expect(story.submit('partition:attest', replay, story.as(alder, 'compute-node'))).rejects.toThrow(
      'ATTESTATION_INVALID: job',
    );
  });
});
