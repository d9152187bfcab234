import type { RestClient } from '../rest.ts';

type Collection = { readonly name: string; readonly members: readonly string[] };
type Listed = {
  readonly inForce: readonly {
    readonly name: string;
    readonly version: string;
    readonly collections: readonly Collection[];
  }[];
  readonly installed: readonly { readonly label: string }[];
};
type Members = { readonly members: readonly { readonly mspId: string; readonly application: boolean }[] };
type Organizations = { readonly items: readonly { readonly mspId: string; readonly left?: object }[] };

export type CatalogueProposal = {
  readonly members: readonly string[];
  /** Nothing where the catalogue is theirs already. */
  readonly proposed?: unknown;
};

/**
 * Proposes the chaincode in force once more, its catalogue kept by the channel's members without those who have left: what follows the
 * taking in of an organization, and comes before taking one out. The others approve it, and anybody commits it.
 */
export async function proposeCatalogue(
  rest: RestClient,
  channel: string,
  chaincode = 'dcloud',
): Promise<CatalogueProposal> {
  const at = `/admin/channels/${channel}`;
  const [{ inForce, installed }, { members }, { items }] = await Promise.all([
    rest.call<Listed>('GET', `${at}/chaincodes`),
    rest.call<Members>('GET', `${at}/members`),
    rest.call<Organizations>('GET', '/organizations?limit=200'),
  ]);
  const definition = inForce.find(({ name }) => name === chaincode);
  const label = installed[0]?.label;
  if (definition === undefined || label === undefined)
    throw new Error(`The channel ${channel} has no chaincode ${chaincode} in force yet.`);
  const departed = new Set(items.filter(({ left }) => left !== undefined).map(({ mspId }) => mspId));
  const wanted = members
    .filter(({ application, mspId }) => application && !departed.has(mspId))
    .map(({ mspId }) => mspId)
    .sort();
  if (definition.collections.every((one) => [...one.members].sort().join() === wanted.join()))
    return { members: wanted };
  const collections = definition.collections.map((one) => ({ ...one, members: wanted }));
  const body = { version: definition.version, label, collections };
  return { members: wanted, proposed: await rest.call('POST', `${at}/chaincodes/${chaincode}`, { body }) };
}
