import { hash } from 'node:crypto';
import { NoSpace } from '../block-directory.ts';
import { lieAbout } from '../fault-switch.ts';
import { boundaryOf, filesOf, MultipartError } from '../multipart.ts';
import {
  BadCall,
  type Command,
  CommandError,
  type NodeParts,
  parseBlockName,
  type RpcCall,
  rawCid,
} from '../rpc-call.ts';

/** Blocks larger than this are refused, as other IPFS nodes would not exchange them. */
export const maxBlockBytes = 2 * 1024 * 1024;
const tooLarge =
  "produced block is over 2MiB: big blocks can't be exchanged with other peers. consider using UnixFS for automatic chunking of bigger files, or pass --allow-big-block to override";

/** `block/put`: stores each file of the body as one raw block; answers once it is durable. */
export const put: Command = (call, node) => {
  const boundary = boundaryOf(call.request.headers['content-type']);
  if (boundary === undefined) throw new BadCall("file argument 'data' is required");
  const codec = call.text('cid-codec') ?? 'raw';
  const hashName = call.text('mhtype') ?? 'sha2-256';
  if (codec !== 'raw' || call.text('format') !== undefined) throw new CommandError(`this node stores raw blocks only`);
  if (hashName !== 'sha2-256') throw new CommandError(`unrecognized multihash function: ${hashName.slice(0, 64)}`);
  return { kind: 'lines', lines: stored(call, node, boundary, call.flag('pin')) };
};

async function* stored(call: RpcCall, node: NodeParts, boundary: string, pin: boolean): AsyncGenerator<unknown> {
  // The request must outlive a body that is given up half-way, or the answer could not be sent.
  const body = call.request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
  try {
    for await (const bytes of filesOf(body, boundary, { maxFileBytes: maxBlockBytes, tooLarge })) {
      if (node.fault.kind === 'full') throw new NoSpace();
      const digest = hash('sha256', bytes, 'buffer');
      await node.blocks.put(digest, bytes);
      const cid = rawCid(digest);
      if (pin) await node.pins.add(cid, { type: 'recursive', name: '' });
      yield { Key: cid, Size: bytes.length };
    }
  } catch (cause) {
    if (cause instanceof MultipartError) throw new CommandError(cause.message, { cause });
    throw cause;
  }
}

/** `block/get`: the bytes of one block, checked against its hash before the first of them leaves (Kubo's HashOnRead). */
export const get: Command = async (call, node) => {
  const bytes = await read(call, node);
  return { kind: 'bytes', bytes: node.fault.kind === 'lying' ? lieAbout(bytes) : bytes };
};

/** `block/stat`: CID and size of one block, which is read and checked for it as Kubo does. */
export const stat: Command = async (call, node) => {
  const bytes = await read(call, node);
  return { kind: 'json', value: { Key: parseBlockName(call.args('cid')[0]!).cid, Size: bytes.length } };
};

/** `block/rm`: removes blocks that are not pinned; one line each, with an `Error` when it was not removed. */
export const remove: Command = (call, node) => {
  const names = call.args('cid');
  const force = call.flag('force');
  const quiet = call.flag('quiet');
  parseBlockName(names[0]!);
  return { kind: 'lines', lines: removed(names, node, { force, quiet }) };
};

async function* removed(
  names: readonly string[],
  node: NodeParts,
  { force, quiet }: { readonly force: boolean; readonly quiet: boolean },
): AsyncGenerator<unknown> {
  for (const { digest, cid } of names.map(parseBlockName)) {
    const pin = node.pins.get(rawCid(digest));
    if (pin) yield { Hash: cid, Error: `pinned: ${pin.type}` };
    else if ((await node.blocks.remove(digest)) || force) {
      if (!quiet) yield { Hash: cid };
    } else yield { Hash: cid, Error: `ipld: could not find ${cid}` };
  }
}

async function read(call: RpcCall, node: NodeParts): Promise<Buffer> {
  call.flag('offline');
  const { digest, cid } = parseBlockName(call.args('cid')[0]!);
  const bytes = await node.blocks.get(digest);
  if (!bytes) throw new CommandError(`block was not found locally (offline): ipld: could not find ${cid}`);
  return bytes;
}
