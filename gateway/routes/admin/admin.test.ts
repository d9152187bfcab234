import { SignaturesMissing, WreckingChange } from '@d-cloud/network/admin';
import { Fault } from '@d-cloud/network/ledger';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ChangeEnded, ChangeUnknown } from '../../admin/changes.ts';
import type { Role } from '../../auth/index.ts';
import { Rejection } from '../../http/problem.ts';
import { InProcessChannel, TestGateway } from '../../testing/index.ts';
import { rejected } from './admin-route.ts';
import { adminRoutes } from './index.ts';

const id = `chng_${'a'.repeat(26)}` as const;
const others: readonly Role[] = ['data-team', 'compliance', 'operator', 'model-owner'];

describe('who administers', () => {
  let alder: TestGateway;
  beforeAll(async () => {
    alder = await new TestGateway(new InProcessChannel(), 'alder').start();
  });
  afterAll(() => alder[Symbol.asyncDispose]());

  const filled = (path: string) =>
    path.replace(':id', id).replace(':channel', 'dcloud').replace(':name', 'dcloud').replace(':authority', 'tls');

  test.each(adminRoutes.map((route) => [route.operation, route] as const))(
    '%s is for admins alone',
    async (_, route) => {
      for (const role of others) {
        const answer = await alder.call(route.method.toUpperCase(), filled(route.path), { role });
        expect(answer).toMatchObject({ status: 403, body: { code: 'SCOPE_MISSING' } });
      }
    },
  );

  test('a gateway that has nothing to administer with says so', async () => {
    const answer = await alder.call('GET', '/v1/admin/changes', { role: 'admin' });
    expect(answer).toMatchObject({ status: 501, body: { code: 'ADMINISTRATION_ABSENT', retryable: false } });
  });

  test('an edit that is none is refused by its field', async () => {
    const body = { edit: { kind: 'set-batch', timeout: 5 }, summary: 'x' };
    const answer = await alder.call('POST', '/v1/admin/channels/dcloud/changes', { role: 'admin', body });
    expect(answer).toMatchObject({
      status: 400,
      body: { code: 'BODY_INVALID', errors: [{ pointer: '/edit/timeout' }] },
    });
  });
});

describe("what Fabric's no becomes", () => {
  const progress = { guards: [], signed: [], invalid: [], refused: [], complete: false, missing: [['BMSP']] };
  test.each([
    ['CHANGE_WRECKS_CHANNEL', new WreckingChange([{ code: 'BATCH', path: '/Channel', sentence: 'no' }])],
    ['SIGNATURES_MISSING', new SignaturesMissing(progress)],
    ['CHANGE_NOT_FOUND', new ChangeUnknown(id as never, [])],
    ['CHANGE_ENDED', new ChangeEnded(id as never, 'superseded')],
    ['CHANGE_STALE', new Fault('contended', 'another one is in force')],
    ['ADMINISTRATION_REFUSED', new Fault('misconfigured', 'BMSP is a member already')],
    ['ADMINISTRATION_REFUSED', new Fault('corrupt', 'no update')],
  ])('%s', (code, fault) => {
    expect(rejected(fault)).toMatchObject({ code, message: fault.message });
  });

  test('what may pass stays a fault, and what is no fault is not touched', () => {
    const away = new Fault('unavailable', 'the orderer is away');
    expect(rejected(away)).toBe(away);
    const bug = new TypeError('x');
    expect(rejected(bug)).toBe(bug);
    expect(rejected(new Rejection('ROUTE_NOT_FOUND', 'x'))).toBeInstanceOf(Rejection);
  });
});
