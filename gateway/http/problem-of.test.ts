import { Refusal, type RefusalCode, type RefusalKind, refusals } from '@d-cloud/chaincode/domain';
import { Fault } from '@d-cloud/network/ledger';
import { describe, expect, test } from '@jest/globals';
import { Rejection } from './problem.ts';
import { problemOf } from './problem-of.ts';

const place = { instance: '/v1/grants/x', traceId: 't', write: true };

describe('problems', () => {
  test('every refusal has a status by its kind, and its code and sentence', () => {
    const byKind: Record<RefusalKind, number> = { absent: 404, conflict: 409, forbidden: 403, invalid: 422 };
    const codes = Object.keys(refusals) as RefusalCode[];
    expect(codes.length).toBeGreaterThan(30);
    for (const code of codes.filter((one) => one !== 'IDEMPOTENCY_MISMATCH')) {
      const { problem } = problemOf(new Refusal(code, 'because'), place);
      expect(problem).toMatchObject({
        status: byKind[refusals[code]],
        code,
        detail: 'because',
        retryable: false,
        type: `/v1/problems/${code}`,
      });
    }
  });

  test('another body under a used key is 422, whether the gateway or the ledger notices', () => {
    expect(problemOf(new Refusal('IDEMPOTENCY_MISMATCH', 'x'), place).problem.status).toBe(422);
    expect(problemOf(new Rejection('IDEMPOTENCY_KEY_REUSED', 'x'), place).problem.status).toBe(422);
  });

  test('a part that is away is 503 with Retry-After, a contended write 409 that may be tried again', () => {
    const away = problemOf(new Fault('unavailable', 'the peer is away'), place);
    expect(away).toMatchObject({ problem: { status: 503, retryable: true }, headers: { 'Retry-After': '1' } });
    expect(problemOf(new Fault('contended', 'x'), place).problem).toMatchObject({ status: 409, retryable: true });
    expect(problemOf(new Fault('timeout', 'x'), place).problem.status).toBe(504);
  });

  test('a write whose outcome is unknown is 202 with its transaction, and never 5xx', () => {
    const { problem } = problemOf(new Fault('timeout', 'x', { transactionId: 'abc' }), place);
    expect(problem).toMatchObject({ status: 202, code: 'COMMIT_UNKNOWN', retryable: true, fabric: { txId: 'abc' } });
  });

  test('an unexpected error tells nothing of itself', () => {
    const { problem } = problemOf(new Error('secret path /etc/shadow'), place);
    expect(problem.status).toBe(500);
    expect(JSON.stringify(problem)).not.toContain('shadow');
  });
});
