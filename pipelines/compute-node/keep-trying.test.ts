import { Refusal } from '@d-cloud/chaincode/domain';
import { Fault } from '@d-cloud/network/ledger';
import { describe, expect, test } from '@jest/globals';
import { keepTrying } from './keep-trying.ts';

const forever = { withinMs: 60_000, signal: new AbortController().signal };

describe('trying while a part of the network is away', () => {
  test('goes on after faults that may mend themselves, and gives the first answer', async () => {
    let asked = 0;
    const answer = await keepTrying(async () => {
      if (++asked < 3) throw new Fault('unavailable', 'away');
      return 'there';
    }, forever);
    expect([answer, asked]).toEqual(['there', 3]);
  });

  test.each([
    ['a refusal', new Refusal('FENCED', 'no')],
    ['a fault that will not mend itself', new Fault('unavailable', 'full', { retryable: false })],
    ['any other error', new TypeError('wrong')],
  ])('ends at once with %s', async (_, error) => {
    let asked = 0;
    const trying = keepTrying(async () => {
      asked++;
      throw error;
    }, forever);
    await expect(trying).rejects.toBe(error);
    expect(asked).toBe(1);
  });

  test('ends with the last fault when its time is over', async () => {
    const trying = keepTrying(() => Promise.reject(new Fault('timeout', 'slow')), { ...forever, withinMs: 100 });
    await expect(trying).rejects.toMatchObject({ kind: 'timeout' });
  });

  test('ends in the middle of a pause when its signal says so', async () => {
    const stop = new AbortController();
    const trying = keepTrying(
      async () => {
        stop.abort(new Error('the claim was taken away'));
        throw new Fault('unavailable', 'away');
      },
      { ...forever, signal: stop.signal },
    );
    await expect(trying).rejects.toMatchObject({ kind: 'unavailable' });
  });
});
