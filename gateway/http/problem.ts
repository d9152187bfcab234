/** RFC 9457 problem details: what the API answers when it does not do what was asked. */
import type { RefusalKind } from '@d-cloud/chaincode/domain';
import type { FaultKind } from '@d-cloud/network/ledger';

export type FieldError = { readonly pointer: string; readonly detail: string };

export type Problem = {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance: string;
  readonly code: string;
  readonly traceId: string;
  readonly errors?: readonly FieldError[];
  /** Whether the same request, with the same Idempotency-Key, may succeed later. */
  readonly retryable: boolean;
  readonly fabric?: { readonly txId?: string; readonly code?: string; readonly details?: readonly unknown[] };
};

/** What the gateway itself can object to, before any rule of the ledger is asked. */
export const rejections = {
  REQUEST_INVALID: [400, 'The request is not well formed'],
  BODY_INVALID: [400, 'The body is not what this operation takes'],
  CURSOR_INVALID: [400, 'The cursor is not one this list gave'],
  IDEMPOTENCY_KEY_MISSING: [400, 'This operation needs an Idempotency-Key'],
  UNAUTHENTICATED: [401, 'A valid API key is needed'],
  SCOPE_MISSING: [403, 'The API key may not do this'],
  ROUTE_NOT_FOUND: [404, 'There is nothing here'],
  CHANGE_NOT_FOUND: [404, 'Nobody offers this change'],
  METHOD_NOT_ALLOWED: [405, 'This method is not offered here'],
  NOT_ACCEPTABLE: [406, 'None of the accepted media types is offered'],
  BODY_TIMEOUT: [408, 'The body did not arrive in time'],
  CHANGE_ENDED: [409, 'The change is no longer open'],
  CHANGE_STALE: [409, 'Another configuration is in force'],
  SIGNATURES_MISSING: [409, 'More organizations must sign'],
  REQUEST_RUNNING: [409, 'A request with this Idempotency-Key is still running'],
  BODY_TOO_LARGE: [413, 'The body is too large'],
  MEDIA_TYPE_UNSUPPORTED: [415, 'The body has a media type or encoding that is not taken'],
  IDEMPOTENCY_KEY_REUSED: [422, 'This Idempotency-Key was used for another request'],
  CHANGE_WRECKS_CHANNEL: [422, 'The channel would not survive this change'],
  ADMINISTRATION_REFUSED: [422, 'Fabric, or a rule of administration, says no'],
  CONTENT_INVALID: [422, 'The content is not what it is declared to be'],
  DIGEST_MISMATCH: [422, 'The content does not have the stated digest'],
  RATE_LIMITED: [429, 'Too many requests'],
  TOO_MANY_UPLOADS: [429, 'Too many uploads at once'],
  TOO_MANY_WATCHES: [429, 'Too many streams of events at once'],
  QUOTA_EXCEEDED: [507, 'There is no room left for this'],
  ADMINISTRATION_ABSENT: [501, 'This gateway does not administer the consortium'],
  GATEWAY_STOPPING: [503, 'The gateway is stopping'],
} as const satisfies Record<string, readonly [status: number, title: string]>;

export type RejectionCode = keyof typeof rejections;

/** The gateway itself will not take the request. Nothing was sent to the ledger or the store. */
export class Rejection extends Error {
  override readonly name = 'Rejection';
  readonly code: RejectionCode;
  readonly errors: readonly FieldError[];
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: RejectionCode,
    detail: string,
    more: { readonly errors?: readonly FieldError[]; readonly headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(detail);
    this.code = code;
    this.errors = more.errors ?? [];
    this.headers = more.headers ?? {};
  }
}

/** Status of a refusal of the rules. The compiler asks for a line per kind. */
export const refusalStatus: Record<RefusalKind, number> = { absent: 404, conflict: 409, forbidden: 403, invalid: 422 };

/** Status of a fault. `contended` is the retries of a write conflict used up; a write whose fate is unknown is 202 (see problem-of.ts). */
export const faultStatus: Record<FaultKind, number> = {
  timeout: 504,
  unavailable: 503,
  contended: 409,
  disagreed: 502,
  corrupt: 502,
  misconfigured: 500,
};

export const faultTitle: Record<FaultKind, string> = {
  timeout: 'No answer came in time',
  unavailable: 'A part this needs is away',
  contended: 'Others wrote the same records at the same time',
  disagreed: 'Parts that must agree do not',
  corrupt: 'Stored bytes are damaged',
  misconfigured: 'The gateway is not set up for this',
};
