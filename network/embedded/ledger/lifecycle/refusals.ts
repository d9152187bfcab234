import type { Response } from '../wire/proposal.ts';

/** What was asked for is not there: status 404 and not 500. */
export class NotFound extends Error {}

/** The caller may not do this, or has not asked properly: the text stands as it is. */
export class NotInvoked extends Error {}

export const accessDenied = (why: string): NotInvoked =>
  new NotInvoked(`Failed to authorize invocation due to failed ACL check: ${why}`);

/** Runs one function and makes a chaincode's answer of what comes of it. */
export async function answered(name: string, run: () => Buffer | Promise<Buffer>): Promise<Response> {
  try {
    return { status: 200, payload: await run() };
  } catch (cause) {
    const { message } = cause as Error;
    if (cause instanceof NotFound) return { status: 404, message };
    if (cause instanceof NotInvoked) return { status: 500, message };
    return { status: 500, message: `failed to invoke backing implementation of '${name}': ${message}` };
  }
}

/** The function's name and its argument; `_lifecycle` takes exactly these two. */
export function argumentsOf(args: readonly Buffer[]): { readonly name: string; readonly argument: Buffer } {
  const [name, argument] = args;
  if (args.length === 0) throw new NotInvoked('lifecycle scc must be invoked with arguments');
  if (name === undefined || argument === undefined || args.length !== 2) {
    throw new NotInvoked(`lifecycle scc operations require exactly two arguments but received ${args.length}`);
  }
  return { name: name.toString(), argument };
}

export function decoded<T>(name: string, of: { decode(bytes: Uint8Array): T }, argument: Buffer): T {
  try {
    return of.decode(argument);
  } catch (cause) {
    const where = `could not decode input arg for *lifecycle.Invocation.${name}`;
    throw new Error(`${where}: ${(cause as Error).message}`, { cause });
  }
}
