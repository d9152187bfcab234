import type { ServerResponse } from 'node:http';
import { Refusal, type RefusalKind } from '@d-cloud/chaincode/domain';
import { Fault } from '@d-cloud/network/ledger';
import { StoreRefusal } from '@d-cloud/network/store';

/** Why a peer's request is not served, with the status that says how to go on. */
export class PeerProblem extends Error {
  override readonly name = 'PeerProblem';
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, detail: string) {
    super(detail);
    this.status = status;
    this.code = code;
  }
}

/** The one answer for what is not there and for what the caller has no right to. */
export function notFound(): PeerProblem {
  return new PeerProblem(404, 'NOT_FOUND', 'There is no such thing here, or not for you.');
}

const statusOfRefusal: Record<RefusalKind, number> = { absent: 404, conflict: 409, forbidden: 403, invalid: 422 };

/** Any error as a problem: refusals by their kind, faults as 503, everything else as 500 without its text. */
export function asPeerProblem(error: unknown): PeerProblem {
  if (error instanceof PeerProblem) return error;
  if (error instanceof Refusal) {
    return error.kind === 'absent'
      ? notFound()
      : new PeerProblem(statusOfRefusal[error.kind], error.code, error.detail);
  }
  if (error instanceof StoreRefusal) {
    return error.kind === 'absent'
      ? notFound()
      : new PeerProblem(statusOfRefusal[error.kind], error.code, error.detail);
  }
  if (error instanceof Fault) return new PeerProblem(503, error.kind.toUpperCase(), error.message);
  return new PeerProblem(500, 'FAULT', 'Something failed here that should not have.');
}

/** Answers a problem as RFC 9457 says. */
export function sendProblem(outgoing: ServerResponse, problem: PeerProblem): void {
  const body = Buffer.from(
    JSON.stringify({ title: problem.code, status: problem.status, code: problem.code, detail: problem.message }),
  );
  outgoing.writeHead(problem.status, {
    'content-type': 'application/problem+json',
    'content-length': body.length,
    ...(problem.status === 503 ? { 'retry-after': '1' } : {}),
  });
  outgoing.end(body);
}
