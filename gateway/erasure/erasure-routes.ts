import { isId, Refusal, type VersionId } from '@d-cloud/chaincode/domain';
import { z } from 'zod';
import type { GatewayLedger } from '../ledger.ts';
import { parseBody } from '../peer/key-routes.ts';
import { notFound } from '../peer/peer-problem.ts';
import type { PeerRoute } from '../peer/peer-route.ts';
import { type ClearPowers, clearNode } from './clear-node.ts';

/** Blocks that one request names. */
export const mostNamed = 1_024;

const clearRequest = z.strictObject({
  cids: z.array(z.string().regex(/^bafkrei[a-z2-7]{52}$/, 'must be a raw sha2-256 CIDv1')).max(mostNamed),
});

export const clearedNode = z.strictObject({
  removed: z.int().min(0),
  absent: z.int().min(0),
  remaining: z.int().min(0),
});

/**
 * `POST /v1/erasures/:version?node=`: the owner of an erased version has its blocks removed from one of our storage nodes, and hears what the
 * node has afterwards. Nothing is taken on the owner's word: the erasure must be on the ledger as our own peer has it.
 */
export function erasureRoutes(
  powers: Omit<ClearPowers, 'stands'> & { readonly ledger: Pick<GatewayLedger, 'evaluate'> },
): readonly PeerRoute[] {
  const versionOf = (id: VersionId) => powers.ledger.evaluate('dataset:getVersion', { id }).catch(unlessRefused);
  const stands = async (id: VersionId) => {
    const version = await versionOf(id);
    return version !== undefined && version.erasure === undefined;
  };
  return [
    {
      method: 'POST',
      path: '/v1/erasures/:version',
      bodyBytes: 128 * 1024,
      async answer({ caller, params, query, body, signal }) {
        const { version: id } = params;
        const node = query.get('node');
        if (!isId('vers', id) || !isId('stor', node) || !powers.nodes.has(node)) throw notFound();
        const version = await versionOf(id);
        const isErased = version?.owner === caller.organization && version.erasure !== undefined;
        if (!isErased || caller.name !== 'gateway') throw notFound();
        const { cids } = parseBody(clearRequest, body);
        const cleared = await clearNode({ ...powers, stands }, node, id, cids, signal);
        return { status: 200, type: 'application/json', body: Buffer.from(JSON.stringify(cleared)) };
      },
    },
  ];
}

function unlessRefused(error: unknown): undefined {
  if (error instanceof Refusal) return undefined;
  throw error;
}
