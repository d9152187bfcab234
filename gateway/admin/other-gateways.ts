/** What administration asks of other organizations' gateways, over the listener between them. */
import { type ChangeId, isId, isMspId, type MspId } from '@d-cloud/chaincode/domain';
import { ChangeProposal } from '@d-cloud/network/admin';
import { Fault } from '@d-cloud/network/ledger';
import type { PeerClient } from '@d-cloud/network/peers';
import { z } from 'zod';
import { changeIdOf } from './change-id.ts';
import { OfferedDefinition } from './definition-store.ts';

/** A change as its proposer's gateway tells of it. */
export const OfferedChange = z.strictObject({
  id: z.custom<ChangeId>((value) => isId('chng', value)),
  proposer: z.custom<MspId>(isMspId),
  proposedAt: z.iso.datetime(),
  proposal: ChangeProposal,
});
export type OfferedChange = z.output<typeof OfferedChange>;

const OfferedList = z.strictObject({ changes: z.array(z.custom<ChangeId>((value) => isId('chng', value))).max(16) });
const DefinitionList = z.strictObject({ definitions: z.array(OfferedDefinition).max(16) });
const FabricVersion = z.object({ version: z.enum(['2.5', '3.1']) });

/** Where another organization's gateway is. */
export type GatewayPlace = { readonly organization: MspId; readonly address: string };

/** The other organizations' gateways: what they propose, and what we answer. Faults where one is away or talks nonsense. */
export interface OtherGateways {
  /** Those whose address and TLS root are known. */
  places(): readonly GatewayPlace[];
  fabricVersion(place: GatewayPlace): Promise<'2.5' | '3.1'>;
  /** Their own open changes, by id. */
  offered(place: GatewayPlace): Promise<readonly ChangeId[]>;
  /** One of them, checked to be the bytes that its id names; undefined where they have none such. */
  change(place: GatewayPlace, id: ChangeId): Promise<OfferedChange | undefined>;
  /** The chaincode definitions that they propose. */
  definitions(place: GatewayPlace): Promise<readonly OfferedDefinition[]>;
  sendSignature(place: GatewayPlace, id: ChangeId, signature: string): Promise<void>;
  sendRefusal(place: GatewayPlace, id: ChangeId, reason: string): Promise<void>;
}

const withinMs = 5_000;
const mostBytes = 4 << 20;

/** The other gateways at the addresses that stand on the ledger. */
export function otherGateways(
  peers: Pick<PeerClient, 'get' | 'send'>,
  places: () => readonly GatewayPlace[],
): OtherGateways {
  const call = { withinMs, mostBytes };
  const read = async <T>(place: GatewayPlace, path: string, schema: z.ZodType<T>): Promise<T> => {
    const parsed = schema.safeParse(await peers.get(place, path, call));
    if (parsed.success) return parsed.data;
    throw new Fault('corrupt', `The gateway of ${place.organization} answers ${path} with something else than asked`);
  };
  return {
    places,
    fabricVersion: async (place) => (await read(place, '/v1/fabric-version', FabricVersion)).version,
    offered: async (place) => (await read(place, '/v1/changes', OfferedList)).changes,
    async change(place, id) {
      try {
        const offered = await read(place, `/v1/changes/${id}`, OfferedChange);
        if (offered.id === id && changeIdOf(offered.proposal) === id && offered.proposer === place.organization) {
          return offered;
        }
      } catch (error) {
        if (error instanceof Fault && !error.retryable && error.kind === 'unavailable') return undefined;
        throw error;
      }
      throw new Fault('corrupt', `The gateway of ${place.organization} gives other bytes for ${id} than its id names`);
    },
    definitions: async (place) => (await read(place, '/v1/definitions', DefinitionList)).definitions,
    sendSignature: async (place, id, signature) => {
      await peers.send('POST', place, `/v1/changes/${id}/signatures`, { signature }, call);
    },
    sendRefusal: async (place, id, reason) => {
      await peers.send('POST', place, `/v1/changes/${id}/refusals`, { reason }, call);
    },
  };
}
