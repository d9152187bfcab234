import { Fault } from '@d-cloud/network/ledger';
import { StoreRefusal } from '@d-cloud/network/store';
import { describe, expect, test } from '@jest/globals';
import { type Outcome, probeBlock, probeBlocks } from './probe-blocks.ts';

const { signal } = new AbortController();
const pausesMs = [0, 0, 0];

describe('a block that is asked for', () => {
  test.each([
    ['that comes', undefined, 'ok'],
    ['that is not there', new StoreRefusal('BLOCK_NOT_FOUND', 'no'), 'missing'],
    ['with other bytes', new Fault('corrupt', 'rot'), 'corrupt'],
    ['of a storage node that is down', new Fault('unavailable', 'refused'), 'offline'],
    ['that takes too long', new Fault('timeout', 'late'), 'slow'],
    ['that its organization no longer lets us have', new StoreRefusal('BLOCK_FORBIDDEN', 'no'), 'offline'],
  ] as const)('%s is told as such', async (_, thrown, outcome) => {
    const get = async () => {
      if (thrown !== undefined) throw thrown;
      return Buffer.alloc(1);
    };
    expect(await probeBlock({ get }, 'cid', { signal })).toBe(outcome);
  });

  test('is no excuse for a mistake of ours', async () => {
    const get = async () => Promise.reject(new RangeError('wrong'));
    await expect(probeBlock({ get }, 'cid', { signal })).rejects.toThrow('wrong');
  });
});

describe('blocks of a slot', () => {
  /** Answers in turn for each block; the last answer stays. */
  function script(answers: Record<number, Outcome[]>) {
    const asked: number[] = [];
    const probe = async (number: number): Promise<Outcome> => {
      const turn = asked.filter((one) => one === number).length;
      asked.push(number);
      const known = answers[number] ?? ['ok'];
      return known[Math.min(turn, known.length - 1)] as Outcome;
    };
    return { asked, probe };
  }

  test('count as failed only when they failed again three times', async () => {
    const { asked, probe } = script({ 1: ['missing', 'missing', 'missing', 'ok'], 2: ['corrupt'] });
    const probed = await probeBlocks([0, 1, 2], probe, { signal, pausesMs });
    expect([...probed]).toEqual([
      [0, 'ok'],
      [1, 'ok'],
      [2, 'corrupt'],
    ]);
    expect(asked.filter((one) => one === 2)).toHaveLength(4);
    expect(asked.filter((one) => one === 0)).toHaveLength(1);
  });

  test('of a storage node that is down cost six questions, not four for each', async () => {
    const numbers = Array.from({ length: 50 }, (_, at) => at);
    const { asked, probe } = script(Object.fromEntries(numbers.map((at) => [at, ['offline']])));
    const probed = await probeBlocks(numbers, probe, { signal, pausesMs });
    expect(new Set(probed.values())).toEqual(new Set(['offline']));
    expect(probed.size).toBe(50);
    expect(asked).toHaveLength(6);
  });

  test('of a storage node that comes back between two tries are all asked for', async () => {
    const numbers = Array.from({ length: 10 }, (_, at) => at);
    const answers = Object.fromEntries(numbers.map((at) => [at, (at < 3 ? ['slow', 'ok'] : ['ok']) as Outcome[]]));
    const probed = await probeBlocks(numbers, script(answers).probe, { signal, pausesMs });
    expect(new Set(probed.values())).toEqual(new Set(['ok']));
  });
});
