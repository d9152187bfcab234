import type { MspId } from '@d-cloud/chaincode/domain';
import { expect, test } from '@jest/globals';
import { Peers } from './peers.ts';
import { StoredBlocks } from './stored-blocks.ts';

test('an organization whose TLS root is not known is not reached through the roots that the system trusts', async () => {
  const addressOf = async () => 'https://stranger.example:443';
  using peers = new Peers({ tls: { certificate: '', key: '' }, roots: new Map() }, addressOf);
  await using blocks = new StoredBlocks(peers, addressOf);
  const slots = [{ slot: 0, storageNode: 'stor_a', organization: 'StrangerMSP' as MspId }];
  await expect(blocks.bind(slots, ['claim'])).rejects.toMatchObject({ name: 'Fault', kind: 'misconfigured' });
});
