import { createHash } from 'node:crypto';
import { canonicalBytes } from '@d-cloud/chaincode/domain';
import { expect, test } from '@jest/globals';
import { gatewayPerson, gatewayStamp } from './gateway-stamp.ts';

const keyedHash = (...parts: readonly string[]) => createHash('sha256').update(parts.join('\n')).digest();
const hex = (...parts: readonly string[]) => keyedHash(...parts).toString('hex');

test('what the gateway does by itself is stamped by part and name, and tries again are the same request', () => {
  const body = { id: 'x', epoch: 2 };
  const stamp = gatewayStamp(keyedHash, 'resealer', 'reseal:x:2', body);
  // The ledger has stamps from before: their bytes stay.
  const digest = createHash('sha256').update(canonicalBytes(body)).digest('hex');
  expect(stamp).toEqual({ key: hex('resealer', 'reseal:x:2'), person: hex('person', 'gateway'), digest });
  expect(gatewayStamp(keyedHash, 'resealer', 'reseal:x:2', { epoch: 2, id: 'x' })).toEqual(stamp);
  expect(gatewayStamp(keyedHash, 'erasure', 'reseal:x:2', body).key).not.toBe(stamp.key);
  expect(gatewayPerson(keyedHash)).toBe(stamp.person);
});
