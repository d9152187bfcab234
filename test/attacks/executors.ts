import { readFileSync } from 'node:fs';
import { canonicalJson, readRefusal, sha256 } from '@d-cloud/chaincode/domain';
import type { JobView } from '@d-cloud/gateway/cli';
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
    const { computeNodes, ports } = description.organizations.find(({ name }) => name === 'alder')!;
    this.id = computeNodes[0]!.id;
    const home = layout.ofOrganization('alder');
    this.tls = { cert: text(home.tlsCertificate(this.id)), key: text(home.tlsKey(this.id)) };
    this.#ledger = connectLedger({
      peerAddress: `127.0.0.1:${ports.ledger}`,
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

  submit(name: string, body: object): Promise<unknown> {
    const person = sha256(this.id);
    const stamp = { key: crypto.randomUUID(), person, digest: sha256(canonicalJson(body)) };
    return this.#ledger.submit(name, [canonicalJson(body), canonicalJson(stamp)]);
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
    const claim = rogue.submit('partition:claim', { job: job.id, index: 0, node: rogue.id, ephemeralKey: key });
    await expect(claim).rejects.toMatchObject({ code: 'EXECUTOR_NOT_ALLOWED' });
  });

  test('it cannot claim in the name of another organization’s node', async () => {
    const { id } = network().organization('cedar').computeNodes[0]!;
    const claim = rogue.submit('partition:claim', { job: job.id, index: 0, node: id, ephemeralKey: key });
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
    for (const [name, more] of [
      ['partition:attest', { envelope }],
      ['partition:release', { reason: 'mine' }],
      ['partition:reassign', { reason: 'mine' }],
    ] as const)
      await expect(rogue.submit(name, { job: id, index, token, ...more })).rejects.toHaveProperty('code');
  });

  test('it cannot do what is for people: issue a grant, ask for a job, define purposes', async () => {
    const terms = { actions: ['use'], purposes: [research], versions: [], models: [model], executors: [] };
    const id = `grnt_${'a'.repeat(26)}`;
    await expect(rogue.submit('grant:issue', { id, dataset, grantee: 'CedarMSP', terms })).rejects.toMatchObject({
      code: 'ROLE_MISSING',
    });
    await expect(rogue.submit('purpose:define', { purposes: [] })).rejects.toBeDefined();
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

    test('over a version that is not there', async () => {
      const asked = birch().call('POST', '/jobs', {
        body: { version: `vers_${'a'.repeat(26)}`, model, purpose: research },
      });
      expect(await refusalOf(asked)).toEqual({ status: 404, code: 'VERSION_NOT_FOUND' });
    });
  });
}
