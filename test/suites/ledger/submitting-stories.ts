import { expect, test } from '@jest/globals';
import { until } from '../../support/until.ts';
import { commit, text } from './answers.ts';
import type { Stage } from './conformance.ts';

export function submittingStories(stage: () => Stage): void {
  const probe = () => stage().contract('A');

  test('a submitted value can be evaluated at every organization', async () => {
    expect(text(await probe().submitTransaction('put', 'k', 'v'))).toBe('ok');
    for (const member of ['B', 'C'] as const) {
      const read = () =>
        stage()
          .contract(member)
          .evaluate('get', { arguments: ['k'], endorsingOrganizations: [member] });
      // Peers commit one after the other.
      await until(`${member} to have it`, async () => text(await read()) === 'v');
    }
  });

  test('a read after a write gives the committed value', async () => {
    await probe().submitTransaction('put', 'ryw', 'old');
    expect(text(await probe().submitTransaction('ryw', 'ryw', 'new'))).toBe('old');
    expect(text(await probe().evaluateTransaction('get', 'ryw'))).toBe('new');
  });

  test('history is newest first, and pages end with an empty bookmark', async () => {
    await probe().submitTransaction('put', 'h', 'a');
    await probe().submitTransaction('put', 'h', 'b');
    await probe().submitTransaction('del', 'h');
    const history = JSON.parse(text(await probe().evaluateTransaction('hist', 'h')));
    expect(history).toEqual([
      [true, ''],
      [false, 'b'],
      [false, 'a'],
    ]);
    for (const key of ['p1', 'p2', 'p3']) await probe().submitTransaction('put', key, key);
    const first = JSON.parse(text(await probe().evaluateTransaction('page', 'p1', 'p9', '2', '')));
    expect(first).toEqual({ keys: ['p1', 'p2'], fetched: 2, bookmark: 'p3' });
    const second = JSON.parse(text(await probe().evaluateTransaction('page', 'p1', 'p9', '2', 'p3')));
    expect(second).toEqual({ keys: ['p3'], fetched: 1, bookmark: '' });
  });

  test('a range longer than one answer arrives whole', async () => {
    const keys = Array.from({ length: 130 }, (_, at) => `range-${String(at).padStart(3, '0')}`);
    await Promise.all(keys.map((key) => probe().submitTransaction('put', key, 'x')));
    expect(text(await probe().evaluateTransaction('count', 'range-', 'range-~'))).toBe('130');
  });

  test('a range is in the order of UTF-8 bytes', async () => {
    const keys = ['order-\u{10000}', 'order-\uFF5E', 'order-z'];
    for (const key of keys) await probe().submitTransaction('put', key, 'x');
    const page = JSON.parse(text(await probe().evaluateTransaction('page', 'order-', 'order-\u{10FFFF}', '9', '')));
    expect(page.keys).toEqual(keys.toReversed());
  });

  test('values and results of megabytes pass', async () => {
    const value = 'v'.repeat(3_000_000);
    await probe().submitTransaction('put', 'large', value);
    expect(text(await probe().evaluateTransaction('get', 'large'))).toBe(value);
    expect((await probe().evaluateTransaction('big', '5000000')).length).toBe(5_000_000);
  });

  test('chaincode calls chaincode in the same transaction', async () => {
    const both = { arguments: ['any', 'put', 'cc', 'v'], endorsingOrganizations: ['A', 'B'] };
    expect(text(await probe().submit('call', both))).toBe('200 ok ');
    expect(text(await stage().contract('A', 'any').evaluateTransaction('get', 'cc'))).toBe('v');
    expect(text(await probe().evaluateTransaction('call', 'any', 'fail', 'inner'))).toBe('500  inner');
  });

  test("the gateway asks for the called chaincode's endorsers only, and the caller's own policy then fails", async () => {
    expect((await commit(probe(), 'call', ['any', 'put', 'cc', 'v'])).code).toBe(10);
  });
}
