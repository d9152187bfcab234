import { type MspId, Refusal, type StorageNodeId, type VersionId } from '@d-cloud/chaincode/domain';
import { type BlockStore, cidOf } from '@d-cloud/network/store';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { GatewayLedger } from '../ledger.ts';
import { BlockIndex } from './block-index.ts';
import { blockRoutes } from './block-routes.ts';
import { rightDecider } from './decide-block-right.ts';
import type { PeerRequest } from './peer-route.ts';

const birch = 'BirchMSP' as MspId;
const cedar = 'CedarMSP' as MspId;
const node = `stor_${'a'.repeat(26)}` as StorageNodeId;
/** The output that a running job of birch's will register: everybody can read its id on the ledger. */
const output = `vers_b${'a'.repeat(25)}` as VersionId;
const dataset = `dset_c${'a'.repeat(25)}`;
const bytes = Buffer.from('a sealed block');
const cid = cidOf(bytes);

let index: BlockIndex;
beforeEach(() => {
  index = new BlockIndex(':memory:');
  index.reserve({ cid, node, version: output, owner: birch, putBy: birch, sizeBytes: bytes.length }, 1_000);
  index.confirm(cid, node);
});
afterEach(() => index[Symbol.dispose]());

/** Asks for the block as an organization that has a dataset of its own and says that it publishes the output in it. */
function asked(organization: MspId) {
  const evaluate = async (name: string) => {
    if (name === 'dataset:get') return { owner: organization, state: 'active' };
    throw new Error(name);
  };
  const absent = async (name: string) => {
    if (name !== 'dataset:getVersion') return evaluate(name);
    throw new Refusal('VERSION_NOT_FOUND', 'not published yet');
  };
  const ledger = { evaluate: absent } as unknown as Pick<GatewayLedger, 'evaluate'>;
  const store = { get: async () => bytes } as unknown as BlockStore;
  const routes = blockRoutes({
    index,
    nodes: new Map([[node, store]]),
    decide: rightDecider(ledger, { keepMs: 0 }),
    quotaBytes: () => 1_000,
  });
  return routes
    .find(({ method }) => method === 'GET')
    ?.answer({
      caller: { organization, name: 'gateway' },
      params: { cid },
      query: new URLSearchParams({ node }),
      header: (name: string) => (name === 'd-cloud-right' ? `publish ${dataset} ${output}` : undefined),
      body: Buffer.alloc(0),
      signal: new AbortController().signal,
    } satisfies PeerRequest);
}

describe('blocks of a version that is not published yet', () => {
  test('are given to whoever uploads it', async () => {
    await expect(asked(birch)).resolves.toMatchObject({ status: 200, body: bytes });
  });

  test('are not given to who only says that it publishes under the same id', async () => {
    await expect(asked(cedar)).rejects.toMatchObject({ status: 404 });
  });
});
