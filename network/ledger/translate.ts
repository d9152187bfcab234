import { Fault, type FaultKind } from './fault.ts';

/** Reads a chaincode's error text into our refusal, or undefined where it is none. Given by the caller of this package. */
export type ReadRefusal = (text: string) => Error | undefined;

/** gRPC status codes that mean something to us (grpc/status). */
const codes = {
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  aborted: 10,
  unavailable: 14,
} as const;

/** Texts of Fabric, checked in this order before the gRPC code: the code alone says UNKNOWN or ABORTED of nearly everything. */
const texts: readonly (readonly [RegExp, FaultKind])[] = [
  [/ProposalResponsePayloads do not match/, 'disagreed'],
  [/too many requests|exceeding concurrency limit/, 'unavailable'],
  [
    /No metadata was found for chaincode|chaincode \S+ not found|chaincode definition for .* exists, but/,
    'misconfigured',
  ],
  [
    /unable to verify|self-signed certificate|does not match certificate|altnames|wrong version number/,
    'misconfigured',
  ],
  [/error in simulation|could not launch chaincode|chaincode stream terminated|connection refused/, 'unavailable'],
  [/SERVICE_UNAVAILABLE|no orderers could|insufficient number of orderers|no Raft leader|timed out \(/, 'unavailable'],
  [
    /requires endorsement from organisation|due to incorrect timestamp|duplicate transaction found|access denied|creator org unknown|identity expired|permission denied|FORBIDDEN|BAD_REQUEST/,
    'misconfigured',
  ],
  [/larger than max/, 'corrupt'],
];

/**
 * What a peer's gateway says while it has not heard by gossip which peers run the chaincode: for some seconds after a start, and also
 * for as long as too many of them are away (Fabric: internal/pkg/gateway, `planFromFirstEndorser`, `endorsementPlan`, `planForOrgs`).
 */
const unacquainted =
  /no endorsers found in the gateway's organization|no combination of peers|failed to select a set of endorsers|failed to find any endorsing peers|no peers available|failed to get config for channel|Failed to get policy manager/;

interface GatewayShape {
  readonly code: number;
  readonly message: string;
  readonly details: readonly { readonly address: string; readonly mspId: string; readonly message: string }[];
}

function asGatewayError(error: unknown): GatewayShape | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error) || typeof error.code !== 'number')
    return undefined;
  const message = 'message' in error ? String(error.message) : '';
  const details = 'details' in error && Array.isArray(error.details) ? error.details : [];
  return { code: error.code, message, details };
}

/** What the chaincode itself said inside a peer's text, or undefined when the peer speaks for itself. */
export function chaincodeText(text: string): string | undefined {
  return /chaincode response \d+, ([\s\S]*)$/.exec(text)?.[1];
}

/**
 * The one crossing from Fabric's errors to ours: a chaincode's refusal as `readRefusal` reads it, else a Fault by what the
 * texts and the gRPC code say. `during` names the stage for the sentence.
 */
export function translate(error: unknown, during: string, readRefusal: ReadRefusal): Error {
  if (error instanceof Fault) return error;
  const foreign = asGatewayError(error);
  if (foreign === undefined) return new Fault('corrupt', `${during}: the answer could not be read`, { cause: error });
  const said = [...foreign.details.map(({ message }) => message), foreign.message];
  for (const text of said) {
    const own = chaincodeText(text);
    if (own === undefined) continue;
    const refusal = readRefusal(own);
    if (refusal !== undefined) return refusal;
  }
  const spoken = said.map(chaincodeText).find((text) => text !== undefined);
  if (spoken !== undefined)
    return new Fault('misconfigured', `${during}: the chaincode failed: ${spoken}`, { cause: error });
  const known = texts.find(([pattern]) => said.some((text) => pattern.test(text)))?.[1];
  const passing = known === undefined && said.some((text) => unacquainted.test(text));
  const kind = known ?? (passing ? 'unavailable' : byCode(foreign.code));
  const details = foreign.details.map(({ mspId, address, message }) => `${mspId} at ${address}: ${message}`);
  return new Fault(kind, `${during}: ${[foreign.message, ...details].join('; ')}`, { cause: error, passing });
}

function byCode(code: number): FaultKind {
  switch (code) {
    case codes.deadlineExceeded:
    case codes.cancelled:
      return 'timeout';
    case codes.permissionDenied:
    case codes.invalidArgument:
      return 'misconfigured';
    case codes.unavailable:
    case codes.resourceExhausted:
    case codes.failedPrecondition:
    case codes.aborted:
    case codes.unknown:
      return 'unavailable';
    default:
      return 'corrupt';
  }
}
