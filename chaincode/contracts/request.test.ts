import { describe, expect, test } from '@jest/globals';
import { canonicalBytes, canonicalJson, cardCommitment, sha256 } from '../domain/index.ts';
import {
  alder,
  birch,
  cardOf,
  cedar,
  grant,
  grantTerms,
  idOf,
  jobBody,
  photos,
  Story,
  withCard,
} from '../testing/story.ts';

describe('a request', () => {
  test('that is made again gets the first answer again, and nothing happens twice', async () => {
    const story = await new Story().granted();
    const options = { ...story.as(birch), key: 'once', digest: sha256('body') };
    const first = await story.submit('job:request', jobBody(), options);
    const events = story.events.length;
    expect(await story.submit('job:request', jobBody(), options)).toEqual(first);
    const again = await story.simulate(story.proposal('job:request', jobBody(), options));
    expect(again.set.writes.size).toBe(0);
    expect(story.events).toHaveLength(events);
    const { counter } = await story.evaluate('grant:get', { id: grant }, story.identity(birch, 'gateway'));
    expect(counter.usesReserved).toBe(1);
  });

  test('of the same key with another body, or another transaction, is refused', async () => {
    const story = await new Story().granted();
    const options = { ...story.as(birch), key: 'once', digest: sha256('body') };
    await story.submit('job:request', jobBody(), options);
    const other = { ...options, digest: sha256('other') };
    await expect(story.submit('job:request', jobBody(), other)).rejects.toThrow('IDEMPOTENCY_MISMATCH');
    const cancel = story.submit('job:cancel', { id: jobBody().id, reason: 'x' }, options);
    await expect(cancel).rejects.toThrow('IDEMPOTENCY_MISMATCH');
  });

  test('of the same key by another organization or person is another request', async () => {
    const story = await new Story().granted();
    const options = { key: 'once', digest: sha256('body') };
    await story.submit('grant:revoke', { id: grant, reason: 'over' }, { ...story.as(alder), ...options });
    await story.submit(
      'organization:rotateKey',
      { agreementKey: Buffer.alloc(32, 1).toString('base64') },
      { ...story.as(birch), ...options },
    );
    const proposal = story.proposal(
      'dataset:retire',
      { dataset: photos, reason: 'x' },
      { ...story.as(alder), ...options },
    );
    const stamp = { ...JSON.parse(proposal.args[1] as string), person: sha256('another person') };
    const answer = await story.simulate({ ...proposal, args: [proposal.args[0] as string, canonicalJson(stamp)] });
    expect(answer).toMatchObject({ status: 200 });
  });

  test('made twice at once has one effect', async () => {
    const story = await new Story().granted();
    const options = { ...story.as(birch), key: 'once' };
    const both = [
      await story.simulate(story.proposal('job:request', jobBody(), options)),
      await story.simulate(story.proposal('job:request', jobBody(), options)),
    ] as const;
    story.commit(both[0]);
    expect(() => story.commit(both[1])).toThrow('MVCC_READ_CONFLICT');
  });
});

describe('a proposal that is not well formed', () => {
  const stamp = canonicalJson({ key: 'k', person: sha256('p'), digest: sha256('d') });
  const body = canonicalJson({ id: grant, terms: grantTerms, dataset: photos, grantee: birch });
  const broken: readonly [string, string, readonly (string | Uint8Array)[], RegExp][] = [
    ['an unknown contract', 'nothing:here', [body, stamp], /^RECORD_INVALID: there is no transaction "nothing:here"$/],
    ['an unknown verb', 'grant:steal', [body, stamp], /^RECORD_INVALID: there is no transaction "grant:steal"$/],
    ['no name', '', [], /^RECORD_INVALID: /],
    [
      'a control character in its name',
      'grant:\u0000\n',
      [body, stamp],
      /^RECORD_INVALID: there is no transaction "grant:\\u0000\\n"$/,
    ],
    ['a method that is no transaction', 'grant:constructor', [body, stamp], /^RECORD_INVALID: there is no transaction/],
    ['too few arguments', 'grant:issue', [body], /^RECORD_INVALID: the transaction takes 2 arguments, not 1$/],
    ['too many arguments', 'grant:issue', [body, stamp, ''], /^RECORD_INVALID: /],
    [
      'arguments that are not UTF-8',
      'grant:issue',
      [Buffer.from([0xff, 0xfe]), stamp],
      /^RECORD_INVALID: the arguments are not UTF-8$/,
    ],
    ['a body that is no JSON', 'grant:issue', ['{', stamp], /^RECORD_INVALID: the body is not JSON/],
    ['a body with a name twice', 'grant:issue', [`{"id":1,${body.slice(1)}`, stamp], /^RECORD_INVALID: /],
    ['a body with white space', 'grant:issue', [` ${body}`, stamp], /^RECORD_INVALID: the body is not canonical/],
    ['a deep body', 'grant:issue', ['['.repeat(1e5) + ']'.repeat(1e5), stamp], /^RECORD_INVALID: /],
    ['a long body', 'grant:issue', [`"${'a'.repeat(600_000)}"`, stamp], /^RECORD_INVALID: the body is longer/],
    [
      'an owner in the body',
      'grant:issue',
      [canonicalJson({ ...JSON.parse(body), owner: cedar }), stamp],
      /^RECORD_INVALID: body.owner is not known$/,
    ],
    ['no stamp', 'grant:issue', [body, '{}'], /^RECORD_INVALID: request.key is missing$/],
    ['a key with control characters', 'grant:issue', [body, stamp.replace('"k"', '"\\u0000"')], /^RECORD_INVALID: /],
    [
      'a key that is too long',
      'grant:issue',
      [body, stamp.replace('"k"', `"${'k'.repeat(129)}"`)],
      /^RECORD_INVALID: request.key/,
    ],
  ];
  test.each(broken)('leaves a code and a sentence: %s', async (_, name, args, sentence) => {
    const story = await new Story().publications();
    const { mspId, certificate } = story.identity(alder, 'gateway');
    const answer = await story.simulate({ mspId, certificate, name, args });
    expect(answer.status).toBe(500);
    expect(answer.message).toMatch(sentence);
    expect(answer.set.writes.size).toBe(0);
    expect(answer.message).not.toMatch(/\n\s+at |node_modules|\.ts|\.js/);
  });

  test('says nothing of a break inside the chaincode but that it broke', async () => {
    const story = await new Story().publications();
    const key = `dataset/${photos}`;
    const writes = new Map([[key, Buffer.from('not json')]]);
    story.state.commit({ reads: new Map(), ranges: [], writes, policies: new Map(), privateWrites: new Map() });
    const { mspId, certificate } = story.identity(alder, 'gateway');
    const said: unknown[] = [];
    const { error } = console;
    console.error = (what: unknown) => said.push(what);
    try {
      const answer = await story.simulate({
        mspId,
        certificate,
        name: 'dataset:get',
        args: [canonicalJson({ id: photos })],
      });
      expect(answer.message).toBe('INTERNAL: the transaction broke inside the chaincode');
      expect(said).toHaveLength(1);
    } finally {
      console.error = error;
    }
  });

  test('refuses a record of a newer chaincode', async () => {
    const story = await new Story().publications();
    const writes = new Map([[`dataset/${photos}`, Buffer.from('{"v":2}')]]);
    story.state.commit({ reads: new Map(), ranges: [], writes, policies: new Map(), privateWrites: new Map() });
    await expect(story.evaluate('dataset:get', { id: photos }, story.identity(alder, 'gateway'))).rejects.toThrow(
      'RECORD_TOO_NEW',
    );
  });
});

describe('a catalogue card', () => {
  test('is read by members and is on the channel nowhere', async () => {
    const story = await new Story().publications();
    const card = await story.evaluate('dataset:getCard', { id: photos }, story.identity(birch, 'compliance'));
    expect(card).toEqual(cardOf(photos));
    const proposal = await story.simulate(
      story.proposal(
        'dataset:register',
        { id: photos, modality: 'images', terms: { access: 'granted', purposes: ['x'] }, cardCommitment: sha256('x') },
        { ...story.as(alder), ...withCard(photos) },
      ),
    );
    expect(proposal.message).toMatch(/^RECORD_EXISTS/);
    const everything = [
      ...story.state.keys().map((key) => Buffer.from(story.state.get(key)?.value ?? []).toString()),
      JSON.stringify(story.events),
    ].join();
    expect(everything).toContain('dpv:AcademicResearch');
    for (const secret of [cardOf(photos).title, cardOf(photos).salt]) expect(everything).not.toContain(secret);
  });

  test('of another dataset is refused even where it was committed to', async () => {
    const story = await new Story().members();
    const card = cardOf(idOf('dset', 'other'));
    const register = story.registerDataset(
      photos,
      alder,
      { cardCommitment: cardCommitment(card) },
      { transient: { card: canonicalBytes(card) } },
    );
    await expect(register).rejects.toThrow('RECORD_INVALID: the catalogue card is of');
  });

  test.each([
    ['missing', {}],
    ['of another dataset', { card: canonicalBytes(cardOf('dset_aaaaaaaaaaaaaaaaaaaaaaaaaa' as typeof photos)) }],
    ['other than committed to', { card: canonicalBytes({ ...cardOf(photos), title: 'Other' }) }],
    ['not canonical', { card: Buffer.from(JSON.stringify(cardOf(photos), null, 1)) }],
    ['with a short salt', { card: canonicalBytes({ ...cardOf(photos), salt: '00' }) }],
    ['with an unknown field', { card: canonicalBytes({ ...cardOf(photos), price: 1 }) }],
  ])('is refused where it is %s', async (_, transient) => {
    const story = await new Story().members();
    const register = story.registerDataset(photos, alder, {}, { transient });
    await expect(register).rejects.toThrow('RECORD_INVALID');
  });
});
