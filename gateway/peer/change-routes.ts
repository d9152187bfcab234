import { type ChangeId, isId } from '@d-cloud/chaincode/domain';
import { Fault } from '@d-cloud/network/ledger';
import { z } from 'zod';
import type { Chaincodes } from '../admin/chaincodes.ts';
import type { Changes } from '../admin/changes.ts';
import { parseBody } from './key-routes.ts';
import { notFound, PeerProblem } from './peer-problem.ts';
import type { PeerReply, PeerRequest, PeerRoute } from './peer-route.ts';

export type ChangePowers = {
  readonly changes: Pick<Changes, 'offered' | 'offer' | 'takeSignature' | 'takeRefusal'>;
  readonly chaincodes: Pick<Chaincodes, 'offered'>;
  readonly fabricVersion: string;
};

const signature = z.strictObject({ signature: z.base64().min(1).max(16_384) });
const refusal = z.strictObject({ reason: z.string().min(1).max(1000) });

/**
 * `GET /v1/changes`, `GET /v1/changes/:id`, `POST /v1/changes/:id/signatures|refusals`, `GET /v1/definitions|fabric-version`: other members read
 * what this organization proposes, and answer. A signature is checked over the bytes kept here; a refusal counts for the connection's organization.
 */
export function changeRoutes({ changes, chaincodes, fabricVersion }: ChangePowers): readonly PeerRoute[] {
  const at = '/v1/changes/:id';
  return [
    {
      method: 'GET',
      path: '/v1/fabric-version',
      bodyBytes: 0,
      answer: async () => json({ version: fabricVersion }),
    },
    {
      method: 'GET',
      path: '/v1/definitions',
      bodyBytes: 0,
      answer: async ({ caller }) => {
        refuseNodes(caller);
        return json({ definitions: chaincodes.offered() });
      },
    },
    {
      method: 'GET',
      path: '/v1/changes',
      bodyBytes: 0,
      answer: async ({ caller }) => {
        refuseNodes(caller);
        return json({ changes: await changes.offered(caller.organization) });
      },
    },
    {
      method: 'GET',
      path: at,
      bodyBytes: 0,
      answer: async ({ caller, params }) => {
        refuseNodes(caller);
        const offer = await changes.offer(caller.organization, changeIn(params));
        if (offer === undefined) throw notFound();
        return json(offer);
      },
    },
    {
      method: 'POST',
      path: `${at}/signatures`,
      bodyBytes: 32_768,
      answer: ({ caller, params, body }) =>
        answered(caller, () =>
          changes.takeSignature(caller.organization, changeIn(params), parseBody(signature, body).signature),
        ),
    },
    {
      method: 'POST',
      path: `${at}/refusals`,
      bodyBytes: 8_192,
      answer: ({ caller, params, body }) =>
        answered(caller, () =>
          changes.takeRefusal(caller.organization, changeIn(params), parseBody(refusal, body).reason),
        ),
    },
  ];
}

function json(value: unknown): PeerReply {
  return { status: 200, type: 'application/json', body: Buffer.from(JSON.stringify(value)) };
}

/** Compute nodes have certificates of the same root; an organization's word is its gateway's alone. */
function refuseNodes({ name }: PeerRequest['caller']): void {
  if (isId('comp', name)) throw notFound();
}

function changeIn({ id }: PeerRequest['params']): ChangeId {
  if (!isId('chng', id)) throw notFound();
  return id;
}

/** A Fault that asking again does not mend is the other side's mistake, and it is told which. */
async function answered(caller: PeerRequest['caller'], take: () => Promise<void>): Promise<PeerReply> {
  refuseNodes(caller);
  try {
    await take();
  } catch (error) {
    if (error instanceof Fault && (!error.retryable || error.kind === 'contended')) {
      throw new PeerProblem(422, 'CHANGE_ANSWER_REFUSED', error.message);
    }
    throw error;
  }
  return { status: 204 };
}
