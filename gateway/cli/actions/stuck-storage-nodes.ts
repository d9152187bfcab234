import { readCredentials, signIn } from '../credentials.ts';

const withinMs = 3_000;

type StorageNodeView = { readonly organization: string; readonly stuck?: readonly string[] };

/** Why draining storage nodes of this network's organizations do not become empty, as their gateways say. A gateway that is away says nothing. */
export async function stuckStorageNodes(directory: string): Promise<readonly string[]> {
  const credentials = await readCredentials(directory);
  const told = await Promise.allSettled(
    Object.keys(credentials.organizations).map(async (organization) => {
      const rest = signIn(credentials, organization, 'operator');
      const signal = AbortSignal.timeout(withinMs);
      const nodes = await Array.fromAsync(rest.list<StorageNodeView>('/storage-nodes?state=draining', signal));
      return nodes.flatMap(({ stuck = [] }) => stuck.map((sentence) => `${organization}: ${sentence}`));
    }),
  );
  return told.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
}
