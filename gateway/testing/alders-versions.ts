/** Small versions that Alder owns on an embedded network, for tests that look into what lies of them where. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { VersionId } from '@d-cloud/chaincode/domain';
import { OwnNode } from '@d-cloud/network/store';
import type { RestClient } from '../cli/rest.ts';
import { KeyStore } from '../keys/index.ts';
import { layoutOf } from '../supervisor/layout.ts';
import type { EmbeddedNetwork } from './embedded-network.ts';
import type { Loose } from './test-gateway.ts';

/** The one purpose that their datasets may be used for; the network must know it. */
export const purpose = 'dpv:AcademicResearch';

export async function registerDataset(network: EmbeddedNetwork): Promise<string> {
  const terms = { access: 'granted', purposes: [purpose] };
  const body = { title: 'Letters', licence: 'CC0-1.0', modality: 'documents', terms };
  return (await network.rest('alder', 'admin').call<Loose>('POST', '/datasets', { body })).id;
}

/** Publishes one file as the dataset's next version. */
export async function publishVersion(
  network: EmbeddedNetwork,
  dataset: string,
  content: Uint8Array,
): Promise<VersionId> {
  const bytes = [content] as unknown as AsyncIterable<Uint8Array>;
  const stream = { type: 'application/octet-stream', name: 'a.bin', bytes };
  return (await network.rest('alder', 'admin').call<Loose>('POST', `/datasets/${dataset}/versions`, { stream })).id;
}

/** The file as a caller gets it; `query` names purpose and grant, `?…`. */
export async function readContent(caller: RestClient, version: string, query = ''): Promise<Buffer> {
  const answer = await caller.open('GET', `/versions/${version}/content${query}`, {
    accept: 'application/octet-stream',
  });
  return Buffer.from(await answer.arrayBuffer());
}

/** Alder's key store, opened beside its gateway. */
export function openKeyStore(network: EmbeddedNetwork): KeyStore {
  const { gateway } = layoutOf(network.directory).ofOrganization('alder');
  return KeyStore.open({
    file: join(gateway, 'keys.sqlite'),
    keyFile: join(gateway, 'key-store.key'),
    random: randomBytes,
  });
}

/** Clients of every organization's storage nodes, past their gateways. */
export function openStorageNodes(network: EmbeddedNetwork): ReadonlyMap<string, OwnNode> {
  const nodes = [...network.gateways.values()].flatMap(({ services }) => services.config.storageNodes);
  return new Map(
    nodes.map(({ id, address, token }) => [
      id,
      new OwnNode({ id, address, token: readFileSync(token!, 'utf8').trim() }),
    ]),
  );
}
