/** Says what of the real network is not on this machine: a test that is skipped for want of a program shows here by its sentence. */
import { expect, test } from '@jest/globals';
import { realPrograms } from './found-programs.ts';

test('the machine was searched for the programs of Fabric and Kubo', () => {
  const { fabrics, ipfs, missing } = realPrograms;
  expect(Object.keys(fabrics).length + Number(ipfs) + missing.length).toBe(3);
});

for (const sentence of realPrograms.missing) test.skip(`left out: ${sentence}`, () => undefined);
