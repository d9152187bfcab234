import { expect, test } from '@jest/globals';
import { Refusal, type RefusalCode, readRefusal, refusals } from './refusal.ts';

const codes = Object.keys(refusals) as RefusalCode[];

test('a refusal is read back from its own text and from what a peer made of it', () => {
  expect(codes.length).toBeGreaterThan(30);
  for (const code of codes) {
    const { message } = new Refusal(code, 'a sentence, with: colons');
    for (const text of [message, `evaluate call to endorser returned error: chaincode response 500, ${message}`]) {
      expect(readRefusal(text)).toMatchObject({ code, detail: 'a sentence, with: colons', kind: refusals[code] });
    }
  }
});

test.each([['INTERNAL: the transaction broke'], ['timeout'], ['TOSTRING: x'], ['said GRANT_REVOKED: x']])(
  'a text that is no refusal of ours is none: %s',
  (text) => {
    expect(readRefusal(text)).toBeUndefined();
  },
);
