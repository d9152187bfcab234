import { type Command, type NodeParts, rawCid } from '../rpc-call.ts';

/** `repo/stat`: bytes and number of the blocks here, and how many bytes may be. */
export const stat: Command = (call, node) => {
  const { bytes, count, capacityBytes } = node.blocks.usage;
  const sizeOnly = call.flag('size-only');
  return {
    kind: 'json',
    value: {
      RepoSize: bytes,
      StorageMax: capacityBytes,
      NumObjects: sizeOnly ? 0 : count,
      RepoPath: sizeOnly ? '' : node.directory,
      Version: sizeOnly ? '' : 'fs-repo@18',
    },
  };
};

/** `repo/gc`: removes every block that is not pinned. D-Cloud never calls it on its own nodes, which hold blocks without pins. */
export const collect: Command = (call, node) => ({ kind: 'lines', lines: collected(node, call.flag('silent')) });

async function* collected(node: NodeParts, silent: boolean): AsyncGenerator<unknown> {
  for await (const digest of node.blocks.digests()) {
    const cid = rawCid(digest);
    if (node.pins.get(cid) || !(await node.blocks.remove(digest))) continue;
    if (!silent) yield { Key: { '/': cid } };
  }
}

/** `refs/local`: the CIDs of all blocks here. */
export const refs: Command = (_call, node) => ({ kind: 'lines', lines: listed(node) });

async function* listed(node: NodeParts): AsyncGenerator<unknown> {
  for await (const digest of node.blocks.digests()) yield { Ref: rawCid(digest), Err: '' };
}
