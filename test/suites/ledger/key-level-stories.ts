import { expect, test } from '@jest/globals';
import { commit, text } from './answers.ts';
import type { Stage } from './conformance.ts';

export function keyLevelStories(stage: () => Stage): void {
  const probe = () => stage().contract('A');
  const codeOf = async (endorsers: readonly string[], operation: string, ...args: string[]) =>
    (await commit(probe(), operation, args, endorsers)).code;

  test('a key is written by the organizations that it names and no others', async () => {
    await probe().submitTransaction('put', 'kl', '1');
    expect(await codeOf(['A'], 'put', 'kl', '2')).toBe(10);
    await probe().submitTransaction('sbe', 'kl', 'C');
    expect(await codeOf(['A', 'B'], 'put', 'kl', '3')).toBe(10);
    expect(await codeOf(['C'], 'put', 'kl', '4')).toBe(0);
    expect(text(await probe().evaluateTransaction('get', 'kl'))).toBe('4');
  });

  test('a key is endorsed by the gateway without naming anybody, and keeps its policy over writes', async () => {
    await probe().submitTransaction('put', 'g', '1');
    await probe().submitTransaction('sbe', 'g', 'B', 'C');
    for (const value of ['2', '3']) await probe().submitTransaction('put', 'g', value);
    expect(text(await probe().evaluateTransaction('get', 'g'))).toBe('3');
    expect(await codeOf(['A', 'B'], 'put', 'g', 'x')).toBe(10);
    expect(text(await probe().evaluateTransaction('sbeOf', 'g'))).not.toBe('');
  });

  test('a key loses its policy when it is deleted', async () => {
    await probe().submitTransaction('put', 'kd', '1');
    await probe().submitTransaction('sbe', 'kd', 'C');
    await probe().submitTransaction('del', 'kd');
    await probe().submitTransaction('put', 'kd', '2');
    expect(text(await probe().evaluateTransaction('sbeOf', 'kd'))).toBe('');
    expect(await codeOf(['A', 'B'], 'put', 'kd', '3')).toBe(0);
  });

  test("a key's policy is changed only by those whom it names", async () => {
    await probe().submitTransaction('put', 'kp', '1');
    await probe().submitTransaction('sbe', 'kp', 'C');
    expect(await codeOf(['A', 'B'], 'sbe', 'kp', 'A')).toBe(10);
    expect(await codeOf(['C'], 'sbe', 'kp', 'A')).toBe(0);
    expect(await codeOf(['A'], 'put', 'kp', '2')).toBe(0);
  });
}
