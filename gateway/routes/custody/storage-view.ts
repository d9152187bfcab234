import { z } from 'zod';
import type { VersionStorage } from '../../custody/version-storage.ts';
import type { ReadModel } from '../../projection/index.ts';
import { count, idOf, mspId } from '../schemas/ids.ts';
import { ledgerPlace, viewOf } from '../schemas/page.ts';

const blocks = z.int().min(0);

export const auditView = z
  .object({
    v: z.literal(1),
    id: idOf('audt'),
    version: idOf('vers'),
    dataset: idOf('dset'),
    owner: mspId,
    kind: z.enum(['audit', 'repair', 'absence']),
    nodes: z.array(
      z.object({
        node: idOf('stor'),
        ok: blocks,
        missing: blocks,
        corrupt: blocks,
        offline: blocks,
        slow: blocks,
        repaired: blocks,
      }),
    ),
    ledger: ledgerPlace,
  })
  .meta({ id: 'StorageAudit' });

export const storageView = z
  .object({
    version: idOf('vers'),
    state: z
      .enum(['stored', 'degraded', 'at-risk', 'lost'])
      .describe('All fragments; more than k; exactly k; fewer than k'),
    k: count,
    n: count,
    intact: z.int().describe('Fragments to be had of the stripe that has the fewest'),
    blocksPerFragment: count,
    fragments: z.array(
      z.object({
        slot: z.int().min(0),
        storageNode: idOf('stor'),
        organization: mspId,
        moved: z.boolean().describe('Whether it lies elsewhere than where it was put first'),
        found: z
          .object({ at: z.string(), ok: blocks, missing: blocks, corrupt: blocks, offline: blocks, slow: blocks })
          .optional()
          .describe('What the last audit or repair left; absent until the first'),
      }),
    ),
    reconstruction: z
      .object({
        organizations: z.array(
          z.object({ organization: mspId, fragments: z.int(), storageNodes: z.array(idOf('stor')) }),
        ),
        mostByOne: z.int(),
        anyAlone: z.boolean().describe('Whether one organization alone could rebuild the sealed bytes'),
        together: z.array(z.array(mspId)).describe('The smallest groups of organizations that could'),
        anyMayLeave: z.boolean().describe('Whether the others could, when any one organization is gone'),
      })
      .describe('Who could rebuild the sealed bytes. Nobody can open them without keys.'),
    stuck: z
      .array(z.string())
      .describe('What should be done and cannot, such as leaving a storage node with no other to go to'),
    sharing: z
      .array(idOf('stor'))
      .describe(
        'Storage nodes that you expelled, or whose organization has left, and whose share of S still combines: it is shared anew until there are none',
      ),
    audits: z.array(auditView).describe('The newest audits and repairs on the ledger, newest first'),
  })
  .meta({ id: 'VersionStorage' });

/** A version's storage with its newest audits, as the API shows it. */
export function storageBody(storage: VersionStorage, readModel: Pick<ReadModel, 'list'>) {
  const { items } = readModel.list('audit', { parent: storage.version }, { limit: 10 });
  return {
    ...storage,
    fragments: storage.fragments.map(({ slot, storageNode, organization, moved, found }) => ({
      slot,
      storageNode,
      organization,
      moved,
      ...(found === undefined ? {} : { found: { at: new Date(found.atMs).toISOString(), ...found.counts } }),
    })),
    audits: items.map(viewOf),
  };
}
