import { readFileSync } from 'node:fs';
import { readRefusal, sha256 } from '@d-cloud/chaincode/domain';
import type { JobView, ModelView, VersionView } from '@d-cloud/gateway/cli';
import { connectLedger, type Ledger } from '@d-cloud/network/ledger';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { refusalOf } from '../support/answers.ts';
import { rawPeer } from '../support/exchange.ts';
import type { Network } from '../support/network.ts';
import { photograph } from '../support/samples.ts';
import {
  askAndIssue,
  claimed,
  jobEnd,
  publishFiles,
  publishModel,
  registerDataset,
  requestJob,
  research,
} from '../support/stories.ts';
import { until } from '../support/until.ts';

/** Alder's compute node as its operator could program it: any transaction, any request, with its real certificates. */
class RogueNode implements AsyncDisposable {
  readonly id: string;
  readonly tls: { readonly cert: string; readonly key: string };
  readonly #ledger: Ledger;

  constructor({ layout, credentials, description }: Network) {
    const { computeNodes, peers } = description.organizations.find(({ name }) => name === 'alder')!;
    this.id = computeNodes[0]!.id;
    const home = layout.ofOrganization('alder');
    this.tls = { cert: text(home.tlsCertificate(this.id)), key: text(home.tlsKey(this.id)) };
    this.#ledger = connectLedger({
      peerAddress: `127.0.0.1:${peers[0]!.port}`,
      tlsRoots: [text(home.tlsRoot)],
      tlsServerName: 'localhost',
      identity: {
        mspId: 'AlderMSP',
        certificate: text(home.certificate(this.id)),
        privateKey: text(home.key(this.id)),
      },
      channel: credentials.channel,
      chaincode: 'dcloud',
      readRefusal,
    });
  }

  submit(name: string, body: object, requestKey: string = crypto.randomUUID()): Promise<unknown> {
    const person = sha256(this.id);
    // Members in the order of their names: the ledger takes canonical JSON only, and canonical JSON has no lone surrogates.
    const stamp = { digest: sha256(JSON.stringify(body)), key: requestKey, person };
    return this.#ledger.submit(name, [JSON.stringify(body), JSON.stringify(stamp)]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#ledger[Symbol.asyncDispose]();
  }
}

function text(file: string): string {
  return readFileSync(file, 'utf8');
}

const key = Buffer.alloc(32, 9).toString('base64');

/** A compute node that is not among the executors, and other organizations that ask for what is not theirs. */
export function notAnExecutor(network: () => Network): void {
  let rogue: RogueNode;
  let model: string;
  let version: string;
  let dataset: string;
  let grant: string;
  let job: JobView;
  const birch = () => network().as('birch');

  beforeAll(async () => {
    rogue = new RogueNode(network());
    model = await publishModel(network(), 'classifier');
    ({ id: dataset } = await registerDataset(network().as('alder'), { title: 'For Cedar’s nodes only' }));
    ({ id: version } = await publishFiles(network().as('alder'), dataset, [await photograph('drum.jpg')]));
    ({ id: grant } = await askAndIssue(network(), { dataset, model, executors: ['CedarMSP'] }));
    await network().hold('compute-cedar');
    job = await requestJob(birch(), { version, model, grant });
  }, 120_000);
  afterAll(() => rogue?.[Symbol.asyncDispose]());

  test('the job says of every node why it does not work on it', async () => {
    const seen = await until('the reasons', async () => {
      const { whyNotScheduled = [] } = await birch().call<JobView>('GET', `/jobs/${job.id}`);
      return whyNotScheduled.length === 2 && whyNotScheduled;
    });
    const reasons = new Map(seen.map(({ organization, reason }) => [organization, reason]));
    expect(reasons.get('AlderMSP')).toMatch(/not among the job's executors \(CedarMSP\)/);
    expect(reasons.get('CedarMSP')).toMatch(/busy with other work, or not running/);
  });

  test('its claim is refused by the ledger', async () => {
    const claim = rogue.submit('partition:claim', { ephemeralKey: key, index: 0, job: job.id, node: rogue.id });
    await expect(claim).rejects.toMatchObject({ code: 'EXECUTOR_NOT_ALLOWED' });
  });

  test('it cannot claim in the name of another organization’s node', async () => {
    const { id } = network().organization('cedar').computeNodes[0]!;
    const claim = rogue.submit('partition:claim', { ephemeralKey: key, index: 0, job: job.id, node: id });
    await expect(claim).rejects.toMatchObject({
      code: expect.stringMatching(/CALLER_NOT_OWNER|ROLE_MISSING|NODE_NOT_ACTIVE|COMPUTE_NODE_NOT_FOUND/),
    });
  });

  test('it gets no keys: neither with no claim, nor with the one that another node holds', async () => {
    const ask = (owner: 'alder' | 'birch' | 'cedar', token: number) =>
      rawPeer(network(), owner, '/v1/keys/release', rogue.tls, {
        method: 'POST',
        body: JSON.stringify({ kind: 'claim', job: job.id, partition: 0, token }),
      });
    for (const owner of ['alder', 'birch', 'cedar'] as const) {
      for (const token of [0, 1])
        expect([owner, token, (await ask(owner, token)).status >= 400]).toEqual([owner, token, true]);
    }
    await network().release('compute-cedar');
    await claimed(birch(), job.id, 'CedarMSP');
    const answers = await Promise.all((['alder', 'birch', 'cedar'] as const).map((owner) => ask(owner, 1)));
    for (const { status, body } of answers) {
      expect([403, 404, 409]).toContain(status);
      expect(body.toString()).not.toMatch(/release"|sealed|enc"/);
    }
    expect(await jobEnd(birch(), job.id)).toMatchObject({ state: 'succeeded' });
  }, 120_000);

  test('it cannot attest, release or reassign what it does not hold', async () => {
    const { job: id, index, token } = { job: job.id, index: 0, token: 1 };
    const envelope = Buffer.from('{}').toString('base64');
    const held = /^(FENCED|STATE_CONFLICT|CALLER_NOT_OWNER|ROLE_MISSING|PARTITION_NOT_FOUND)$/;
    for (const [name, body, code] of [
      ['partition:attest', { envelope, index, job: id, token }, /^(RECORD_INVALID|ATTESTATION_INVALID)$/],
      ['partition:release', { index, job: id, reason: 'mine', token }, held],
      ['partition:reassign', { index, job: id, reason: 'mine', token }, held],
    ] as const)
      await expect(rogue.submit(name, body)).rejects.toMatchObject({ code: expect.stringMatching(code) });
  });

  test('it cannot do what is for people: issue a grant, ask for a job, define purposes', async () => {
    const terms = { actions: ['use'], executors: [], models: [model], purposes: [research], versions: [] };
    const id = `grnt_${'a'.repeat(26)}`;
    await expect(rogue.submit('grant:issue', { dataset, grantee: 'CedarMSP', id, terms })).rejects.toMatchObject({
      code: 'ROLE_MISSING',
    });
    await expect(rogue.submit('purpose:define', { purposes: [] })).rejects.toBeDefined();
  });

  test.each([
    ['a NUL', 'a\u0000b'],
    ['the highest code point', 'a\u{10ffff}b'],
    ['a lone surrogate', 'a\ud800b'],
    ['a line feed', 'a\nb'],
    ['nothing', ''],
    ['200 characters', 'x'.repeat(200)],
  ])('a key with %s is refused by the ledger itself, in ids and in request keys', async (_, part) => {
    const body = { ephemeralKey: key, index: 0, job: job.id, node: rogue.id };
    const invalid = { code: expect.stringMatching(/^(RECORD_INVALID|JOB_NOT_FOUND|COMPUTE_NODE_NOT_FOUND)$/) };
    await expect(rogue.submit('partition:claim', { ...body, job: `job_${part}` })).rejects.toMatchObject(invalid);
    await expect(rogue.submit('partition:claim', { ...body, node: `comp_${part}` })).rejects.toMatchObject(invalid);
    await expect(rogue.submit('partition:claim', body, part)).rejects.toMatchObject({ code: 'RECORD_INVALID' });
  });

  describe('a job that the rules do not allow', () => {
    test('with a model that nobody registered', async () => {
      const asked = birch().call('POST', '/jobs', {
        body: { version, model: `modl_${'a'.repeat(26)}`, purpose: research },
      });
      expect(await refusalOf(asked)).toEqual({ status: 404, code: 'MODEL_NOT_FOUND' });
    });

    test('with another digest than the registered one', async () => {
      const body = { version, model, grant, purpose: research, modelDigest: 'a'.repeat(64) };
      expect(await refusalOf(birch().call('POST', '/jobs', { body }))).toEqual({
        status: 403,
        code: 'MODEL_DIGEST_MISMATCH',
      });
    });

    test('with a model whose file is not the one that was registered: no node runs it, and the job says why', async () => {
      const cedar = network().as('cedar', 'model-owner');
      const { dataset: folder } = await cedar.call<ModelView>('GET', `/models/${model}`);
      const registered = await cedar.call<{ items: VersionView[] }>('GET', `/datasets/${folder}/versions`);
      const body = { dataset: folder, name: 'not-what-it-says', task: 'image-classification' };
      const { id: other } = await cedar.call<ModelView>('POST', '/models', { body });
      await cedar.call('POST', `/models/${other}/versions`, {
        body: { version: registered.items[0]!.id, digest: 'a'.repeat(64), cardDigest: 'b'.repeat(64) },
      });
      const { id: allowed } = await askAndIssue(network(), { dataset, model: other });
      const asked = await requestJob(birch(), { version, model: other, grant: allowed });
      const ended = await jobEnd(birch(), asked.id);
      expect(ended.state).toBe('failed');
      expect(ended.progress!.partitions[0]!.reason).toMatch(/digest|not the one|registered/i);
    }, 120_000);

    test('over a version that is not there', async () => {
      const asked = birch().call('POST', '/jobs', {
        body: { version: `vers_${'a'.repeat(26)}`, model, purpose: research },
      });
      expect(await refusalOf(asked)).toEqual({ status: 404, code: 'VERSION_NOT_FOUND' });
    });
  });
}
