import type { MspId } from '@d-cloud/chaincode/domain';
import { expect, test } from '@jest/globals';
import { LargeBodies } from './large-bodies.ts';

const birch = 'BirchMSP' as MspId;
const large = 64 * 1024 * 1024;

test('one organization holds two large bodies at once, whatever others do', () => {
  const bodies = new LargeBodies();
  const first = bodies.take(birch, large);
  bodies.take(birch, large);
  expect(() => bodies.take(birch, large)).toThrow(expect.objectContaining({ status: 503, code: 'BUSY' }));
  expect(() => bodies.take('CedarMSP' as MspId, large)).not.toThrow();
  expect(() => bodies.take(birch, 1_000_000)).not.toThrow();
  first[Symbol.dispose]();
  expect(() => bodies.take(birch, large)).not.toThrow();
});
