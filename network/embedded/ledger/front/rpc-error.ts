import { ErrorDetail, RpcStatus } from '../wire/gateway.ts';

/** gRPC status codes by name. */
export const Status = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
} as const;

/** A call that ends with a status other than OK, and with what each endorser said, as Fabric's gateway attaches it. */
export class RpcError extends Error {
  readonly code: number;
  readonly details: readonly ErrorDetail[];

  constructor(code: number, message: string, details: readonly ErrorDetail[] = []) {
    super(message);
    this.code = code;
    this.details = details;
  }
}

/** The trailers that end a call; anything that is no `RpcError` ends as UNKNOWN. */
export function trailersOf(error: unknown): Record<string, string> {
  const { code, message, details } =
    error instanceof RpcError
      ? error
      : new RpcError(Status.UNKNOWN, error instanceof Error ? error.message : String(error));
  const trailers: Record<string, string> = { 'grpc-status': String(code), 'grpc-message': escaped(message) };
  if (details.length > 0) {
    const list = details.map((detail) => ({
      typeUrl: 'type.googleapis.com/gateway.ErrorDetail',
      value: ErrorDetail.encode(detail),
    }));
    // Clients refuse the padding that base64 usually has.
    const bytes = RpcStatus.encode({ code, message, details: list });
    trailers['grpc-status-details-bin'] = bytes.toString('base64').replace(/=+$/, '');
  }
  return trailers;
}

/** Percent-encoding of `grpc-message`: printable ASCII but the percent sign stays. */
function escaped(text: string): string {
  return [...Buffer.from(text)]
    .map((byte) =>
      byte >= 0x20 && byte <= 0x7e && byte !== 0x25
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).padStart(2, '0')}`,
    )
    .join('');
}
