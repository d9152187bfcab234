import type { IncomingMessage } from 'node:http';
import { CID } from 'multiformats/cid';
import type { BlockDirectory } from './block-directory.ts';
import type { NodeFault } from './fault-switch.ts';
import type { NodeIdentity } from './identity.ts';
import type { Pins } from './pins.ts';

/** What the commands of one storage node work on. `fault` is how the node misbehaves now; always none unless its configuration opened the switch. */
export interface NodeParts {
  readonly directory: string;
  readonly blocks: BlockDirectory;
  readonly pins: Pins;
  readonly identity: NodeIdentity;
  fault: NodeFault;
}

/** What a command answers: one JSON value, JSON lines as they come, or a block. */
export type Reply =
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'lines'; readonly lines: AsyncIterable<unknown> }
  | { readonly kind: 'bytes'; readonly bytes: Buffer };

export type Command = (call: RpcCall, node: NodeParts) => Reply | Promise<Reply>;

/** A command could not do what was asked: status 500 and a JSON body on the wire, as Kubo answers. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

/** The request itself is wrong: status 400 and a plain text on the wire. */
export class BadCall extends Error {
  override readonly name = 'BadCall';
}

/** One request to the RPC, its query read the way Kubo reads it. */
export class RpcCall {
  readonly request: IncomingMessage;
  readonly #query: URLSearchParams;

  constructor(request: IncomingMessage, query: URLSearchParams) {
    this.request = request;
    this.#query = query;
  }

  get query(): URLSearchParams {
    return this.#query;
  }

  /** The positional arguments, at least one. */
  args(name: string): readonly string[] {
    const args = this.#query.getAll('arg');
    if (args.length === 0) throw new BadCall(`argument "${name}" is required`);
    return args;
  }

  text(option: string): string | undefined {
    return this.#query.get(option) ?? undefined;
  }

  flag(option: string, otherwise = false): boolean {
    const value = this.#query.get(option);
    if (value === null) return otherwise;
    if (/^(1|t|true)$/i.test(value) || value === '') return true;
    if (/^(0|f|false)$/i.test(value)) return false;
    throw new BadCall(`could not convert value ${JSON.stringify(value)} to type "bool" (for option "-${option}")`);
  }
}

/** A block as a caller named it: its digest, and its CID as raw CIDv1. */
export interface NamedBlock {
  readonly digest: Uint8Array;
  readonly cid: string;
}

/** Reads a CID or `/ipfs/<cid>` of a SHA-256 block. @throws CommandError in Kubo's words */
export function parseBlockName(argument: string): NamedBlock {
  const text = argument.startsWith('/ipfs/') ? argument.slice('/ipfs/'.length) : argument;
  let cid: CID;
  try {
    cid = CID.parse(text);
  } catch {
    throw new CommandError(`invalid path ${JSON.stringify(argument)}: path does not have enough components`);
  }
  if (cid.multihash.code !== 0x12 || cid.multihash.digest.length !== 32) {
    throw new CommandError(`block was not found locally (offline): ipld: could not find ${cid}`);
  }
  return { digest: cid.multihash.digest, cid: cid.toString() };
}

/** The CID under which a digest's bytes are listed: version 1, codec raw. */
export function rawCid(digest: Uint8Array): string {
  const multihash = Buffer.concat([Buffer.from([0x12, 0x20]), digest]);
  return CID.decode(Buffer.concat([Buffer.from([0x01, 0x55]), multihash])).toString();
}
