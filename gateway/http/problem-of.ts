import { STATUS_CODES } from 'node:http';
import { Refusal } from '@d-cloud/chaincode/domain';
import { Fault } from '@d-cloud/network/ledger';
import { faultStatus, faultTitle, type Problem, Rejection, refusalStatus, rejections } from './problem.ts';

/** Where and under which trace the problem came up. `write` says that a transaction may already be on its way. */
export type ProblemPlace = { readonly instance: string; readonly traceId: string; readonly write: boolean };

export type Answer = { readonly problem: Problem; readonly headers: Readonly<Record<string, string>> };

/** Turns whatever was thrown into what the caller is told. Nothing of an unexpected error's text leaves the gateway. */
export function problemOf(error: unknown, place: ProblemPlace): Answer {
  if (error instanceof Rejection) {
    const [status, title] = rejections[error.code];
    const retryable = status === 429 || status === 503 || status === 408 || error.code === 'REQUEST_RUNNING';
    const problem = compose(place, { status, title, detail: error.message, code: error.code, retryable });
    return {
      problem: error.errors.length > 0 ? { ...problem, errors: error.errors } : problem,
      headers: retryable ? { 'Retry-After': '1', ...error.headers } : error.headers,
    };
  }
  if (error instanceof Refusal) {
    // The same key with another body is what the caller did wrong, wherever it was noticed: 422 as in `rejections`.
    const status = error.code === 'IDEMPOTENCY_MISMATCH' ? 422 : refusalStatus[error.kind];
    const title = error.kind === 'absent' ? 'There is nothing with this id' : 'The rules of the ledger say no';
    return {
      problem: compose(place, { status, title, detail: error.detail, code: error.code, retryable: false }),
      headers: {},
    };
  }
  if (error instanceof Fault) return ofFault(error, place);
  const detail = 'The gateway failed in a way it does not know. Its log has the trace.';
  return {
    problem: compose(place, {
      status: 500,
      title: STATUS_CODES[500] ?? '',
      detail,
      code: 'UNEXPECTED',
      retryable: true,
    }),
    headers: {},
  };
}

function ofFault(fault: Fault, place: ProblemPlace): Answer {
  const { transactionId } = fault;
  // A write whose commit nobody has seen yet may still take effect: that is no failure, and the same request finds out.
  const unknown = transactionId !== undefined && place.write;
  const problem = compose(place, {
    status: unknown ? 202 : faultStatus[fault.kind],
    title: unknown ? 'Not known yet' : faultTitle[fault.kind],
    detail: unknown
      ? 'The transaction may still be committed. Send the same request with the same Idempotency-Key to learn its result.'
      : fault.message,
    code: unknown ? 'COMMIT_UNKNOWN' : fault.kind.toUpperCase(),
    retryable: fault.retryable,
  });
  return {
    problem: transactionId === undefined ? problem : { ...problem, fabric: { txId: transactionId } },
    headers: fault.retryable ? { 'Retry-After': '1' } : {},
  };
}

function compose(
  place: ProblemPlace,
  told: Pick<Problem, 'status' | 'title' | 'detail' | 'code' | 'retryable'>,
): Problem {
  return { type: `/v1/problems/${told.code}`, ...told, instance: place.instance, traceId: place.traceId };
}
