import { describe, expect, test } from '@jest/globals';
import type { Policy } from '../msp/policy.ts';
import type { ChaincodeInterest } from '../wire/proposal.ts';
import type { Channel } from './channel.ts';
import { endorsingSets, NoEndorsers, SearchEffort } from './endorsement-layouts.ts';

const interest = {
  chaincodes: [{ name: 'dcloud', collectionNames: [], keyPolicies: [] }],
} as unknown as ChaincodeInterest;

/** A channel of so many organizations, of which `needed` must endorse; counts how often a set of peers was judged. */
function channelOf(organizations: number, needed: number) {
  let judged = 0;
  const policy: Policy = {
    satisfiedBy: (signers) => {
      judged++;
      return signers.length >= needed;
    },
    refusal: () => '',
  };
  const peers = Array.from({ length: organizations }, (_, at) => ({
    mspId: `Org${at}MSP`,
    identity: { mspId: `Org${at}MSP` },
    has: () => true,
  }));
  const ledger = { definitions: { endorsement: () => policy } };
  return { channel: { id: 'first', peers, ledger } as unknown as Channel, judged: () => judged };
}

const sizesOf = (organizations: number, needed: number) =>
  endorsingSets(channelOf(organizations, needed).channel, interest, new SearchEffort()).map(({ length }) => length);

describe('the sets of peers that endorse a call', () => {
  test('are the smallest ones: none holds another', () => {
    expect(sizesOf(3, 1)).toEqual([1, 1, 1]);
    expect(sizesOf(3, 2)).toEqual([2, 2, 2]);
    expect(sizesOf(3, 3)).toEqual([3]);
    expect(() => sizesOf(3, 4)).toThrow('no peer combination can satisfy the endorsement policy');
  });

  test('are found among many organizations where few are enough', () => {
    expect(sizesOf(100, 1)).toHaveLength(100);
    expect(sizesOf(13, 7)).toHaveLength(1_716);
  });

  test('are not looked for beyond 10,000 combinations, over all that a request asks', () => {
    const many = channelOf(40, 41);
    expect(() => endorsingSets(many.channel, interest, new SearchEffort())).toThrow(NoEndorsers);
    expect(many.judged()).toBe(10_000);
    const effort = new SearchEffort();
    const few = channelOf(10, 11);
    for (let asked = 0; asked < 20; asked++)
      expect(() => endorsingSets(few.channel, interest, effort)).toThrow(NoEndorsers);
    expect(few.judged()).toBe(10_000);
  });
});
