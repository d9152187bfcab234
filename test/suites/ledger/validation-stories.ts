import { expect, test } from '@jest/globals';
import { commit, take } from './answers.ts';
import type { Stage } from './conformance.ts';

export function validationStories(stage: () => Stage): void {
  const probe = () => stage().contract('A');

  test('of two that read and write the same key the second loses, and its event is not sent', async () => {
    const first = await commit(probe(), 'put', ['m', '1']);
    const endorsed = await Promise.all(
      ['x', 'y'].map((value) =>
        probe()
          .newProposal('upd', { arguments: ['m', value] })
          .endorse(),
      ),
    );
    const statuses = await Promise.all(endorsed.map(async (each) => (await each.submit()).getStatus()));
    expect(statuses.map(({ code }) => code).sort()).toEqual([0, 11]);
    const { transactionId } = await commit(probe(), 'upd', ['m', 'after']);
    const events = await take(
      await stage().network('A').getChaincodeEvents('probe', { startBlock: first.blockNumber }),
      2,
    );
    const valid = statuses.find(({ successful }) => successful);
    expect(events.map((event) => event.transactionId)).toEqual([valid?.transactionId, transactionId]);
  });

  test('a range that changed is a phantom, also when only a value did', async () => {
    await commit(probe(), 'put', ['r1', '1']);
    const changes = [
      ['put', 'r2', '1'],
      ['put', 'r2', '2'],
      ['del', 'r1'],
    ];
    for (const [operation, ...args] of changes) {
      const counted = await probe()
        .newProposal('count', { arguments: ['r1', 'r9', 'counted'] })
        .endorse();
      await commit(probe(), operation!, args);
      expect((await (await counted.submit()).getStatus()).code).toBe(12);
    }
  });

  test('a key that was deleted and one that came into being are conflicts for who read them', async () => {
    await commit(probe(), 'put', ['gone', '1']);
    for (const [key, operation, ...args] of [
      ['gone', 'del', 'gone'],
      ['new', 'put', 'new', '1'],
    ] as const) {
      const read = await probe()
        .newProposal('upd', { arguments: [key, 'x'] })
        .endorse();
      await commit(probe(), operation, args);
      expect((await (await read.submit()).getStatus()).code).toBe(11);
    }
  });

  test('the same envelope twice is one transaction', async () => {
    const endorsed = await probe()
      .newProposal('put', { arguments: ['d', '1'] })
      .endorse();
    const first = await (await endorsed.submit()).getStatus();
    const second = await (await endorsed.submit()).getStatus();
    expect([first.code, second.code, second.blockNumber]).toEqual([0, 0, first.blockNumber]);
  });

  test('MAJORITY is two of three organizations, whichever they are', async () => {
    expect((await commit(probe(), 'put', ['maj', '1'], ['A', 'C'])).code).toBe(0);
    expect((await commit(probe(), 'put', ['maj', '2'], ['B', 'C'])).code).toBe(0);
    expect((await commit(probe(), 'put', ['maj', '3'], ['B'])).code).toBe(10);
  });

  test('a chaincode that is called brings its own policy with it', async () => {
    const any = stage().contract('A', 'any');
    expect((await commit(any, 'call', ['probe', 'put', 'c', '1'], ['A'])).code).toBe(10);
    expect((await commit(any, 'call', ['probe', 'put', 'c', '2'], ['A', 'B'])).code).toBe(0);
  });
}
