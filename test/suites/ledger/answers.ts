import { status } from '@grpc/grpc-js';
import { type Contract, GatewayError } from '@hyperledger/fabric-gateway';

export const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

/** How a call failed: the gRPC code's name, its text, and what each peer said. */
export interface Failure {
  readonly code: string;
  readonly text: string;
  readonly details: readonly string[];
}

export async function failure(run: Promise<unknown>): Promise<Failure> {
  const error = await run.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  if (!(error instanceof GatewayError)) throw new Error(`did not fail as a gateway error: ${error}`, { cause: error });
  const details = error.details.map(({ mspId, message }) => `${mspId}: ${message}`);
  return { code: status[error.code] ?? '', text: error.cause.details, details };
}

/** The validation code of a transaction, endorsed by exactly these organizations where some are named. */
export async function commit(
  contract: Contract,
  operation: string,
  args: readonly string[],
  endorsingOrganizations?: readonly string[],
) {
  const only = endorsingOrganizations === undefined ? {} : { endorsingOrganizations: [...endorsingOrganizations] };
  const endorsed = await contract.newProposal(operation, { arguments: [...args], ...only }).endorse();
  return (await endorsed.submit()).getStatus();
}

export async function take<T>(events: AsyncIterable<T> & { close(): void }, count: number): Promise<T[]> {
  const taken: T[] = [];
  try {
    for await (const event of events) {
      taken.push(event);
      if (taken.length >= count) break;
    }
  } finally {
    events.close();
  }
  return taken;
}
