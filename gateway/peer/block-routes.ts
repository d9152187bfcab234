import { isId, type StorageNodeId, type VersionId } from '@d-cloud/chaincode/domain';
import { maxBlockBytes } from '@d-cloud/network/store';
import { readBlockRight } from './block-right.ts';
import type { BlockOperation, DecidedRight, RightDecider } from './decide-block-right.ts';
import { notFound, PeerProblem } from './peer-problem.ts';
import type { PeerReply, PeerRequest, PeerRoute } from './peer-route.ts';
import { nodeOf, type StorePowers, storeBlock } from './store-block.ts';

/** CIDv1, raw, sha2-256, in base32: nothing else is a block of ours. */
const rawCid = /^bafkrei[a-z2-7]{52}$/;

export type BlockPowers = StorePowers & { readonly decide: RightDecider };

/** `PUT|GET|HEAD|DELETE /v1/blocks/:cid?node=`: other organizations' way to our storage nodes, each time against a right that the ledger shows. */
export function blockRoutes(powers: BlockPowers): readonly PeerRoute[] {
  const path = '/v1/blocks/:cid';
  return [
    { method: 'PUT', path, bodyBytes: maxBlockBytes, answer: (request) => put(powers, request) },
    { method: 'GET', path, bodyBytes: 0, answer: (request) => get(powers, request) },
    { method: 'HEAD', path, bodyBytes: 0, answer: (request) => head(powers, request) },
    { method: 'DELETE', path, bodyBytes: 0, answer: (request) => remove(powers, request) },
  ];
}

async function put(powers: BlockPowers, request: PeerRequest): Promise<PeerReply> {
  const { cid, node } = named(powers, request);
  const right = await decided(powers, request, 'put');
  const version = request.header('d-cloud-version');
  if (!isId('vers', version) || !right.versions.includes(version)) throw notFound();
  if (request.body.length === 0) throw new PeerProblem(422, 'BLOCK_MISMATCH', 'A block has at least one byte.');
  return storeBlock(
    powers,
    { cid, node, version, owner: right.owner, putBy: request.caller.organization, sizeBytes: request.body.length },
    request.body,
    request.signal,
  );
}

async function get(powers: BlockPowers, request: PeerRequest): Promise<PeerReply> {
  const { cid, node } = await readable(powers, request);
  const body = await nodeOf(powers, node).get(cid, { signal: request.signal });
  return { status: 200, body, type: 'application/vnd.ipld.raw' };
}

async function head(powers: BlockPowers, request: PeerRequest): Promise<PeerReply> {
  const { cid, node } = await readable(powers, request);
  const length = await nodeOf(powers, node).stat(cid, { signal: request.signal });
  if (length === undefined) throw notFound();
  return { status: 200, length, type: 'application/vnd.ipld.raw' };
}

async function remove(powers: BlockPowers, request: PeerRequest): Promise<PeerReply> {
  const { cid, node } = named(powers, request);
  const right = await decided(powers, request, 'remove');
  const block = powers.index
    .ofVersion(right.versions[0] as VersionId)
    .find((one) => one.cid === cid && one.node === node);
  const { organization } = request.caller;
  if (block === undefined || (block.putBy !== organization && block.owner !== organization)) throw notFound();
  await nodeOf(powers, node).remove(cid, { signal: request.signal });
  powers.index.drop(cid, node);
  return { status: 204 };
}

async function readable(powers: BlockPowers, request: PeerRequest): Promise<{ cid: string; node: StorageNodeId }> {
  const { cid, node } = named(powers, request);
  const block = powers.index.find(cid, node);
  const right = await decided(powers, request, 'get');
  if (block === undefined || !right.versions.includes(block.version)) throw notFound();
  if (right.only !== undefined && block.owner !== right.only) throw notFound();
  return { cid, node };
}

function named(powers: BlockPowers, request: PeerRequest): { cid: string; node: StorageNodeId } {
  const cid = request.params.cid ?? '';
  const node = request.query.get('node');
  if (!rawCid.test(cid)) throw new PeerProblem(400, 'CID_INVALID', 'A block is named by a raw sha2-256 CIDv1.');
  if (!isId('stor', node) || !powers.nodes.has(node)) throw notFound();
  return { cid, node };
}

async function decided(powers: BlockPowers, request: PeerRequest, operation: BlockOperation): Promise<DecidedRight> {
  const right = readBlockRight(request.header('d-cloud-right'));
  const answer = right && (await powers.decide(request.caller.organization, right, operation));
  if (answer === undefined) throw notFound();
  return answer;
}
