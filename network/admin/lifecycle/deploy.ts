import { setTimeout as delay } from 'node:timers/promises';
import { Fault } from '../../ledger/fault.ts';
import { type PeerConnection, PeerRefused } from '../protocol/endorser.ts';
import type { ChaincodeDefinition } from './definition-schema.ts';
import {
  approveChaincode,
  commitChaincode,
  commitReadiness,
  committedDefinition,
  installChaincode,
  type OrderingRequest,
} from './lifecycle.ts';
import type { ChaincodePackage } from './package.ts';

export interface DeployRequest {
  /** Without a sequence: the next one is taken when the version is new. */
  readonly definition: Omit<ChaincodeDefinition, 'sequence'>;
  readonly chaincodePackage: ChaincodePackage;
  /** Each organization's peers with its admin; the first of each approves and endorses. */
  readonly members: readonly { readonly mspId: string; readonly peers: readonly PeerConnection[] }[];
  readonly ordering: OrderingRequest;
}

export interface Deployment {
  readonly sequence: number;
  readonly packageId: string;
  /** False when this version was committed before. */
  readonly committed: boolean;
}

const pollMs = 200;
const patienceMs = 60_000;

/**
 * Brings a chaincode version into force for organizations whose admins are all at hand: installs, approves, commits.
 * Run again, it does what is missing. Organizations apart from each other call the steps themselves.
 */
export async function deployChaincode(request: DeployRequest): Promise<Deployment> {
  const { members, chaincodePackage, ordering } = request;
  const first = members[0]?.peers[0];
  if (first === undefined) throw new Fault('misconfigured', 'deploying a chaincode needs at least one peer');
  await Promise.all(members.flatMap(({ peers }) => peers.map((peer) => installChaincode(peer, chaincodePackage))));
  const { packageId } = chaincodePackage;
  const { channel, name, version } = request.definition;
  const inForce = await committedDefinition(first, channel, name);
  if (inForce?.version === version) return { sequence: inForce.sequence, packageId, committed: false };
  const definition = { ...request.definition, sequence: (inForce?.sequence ?? 0) + 1 };
  for (const { mspId, peers } of members) await approveOnce(peers[0]!, mspId, definition, packageId, ordering);
  await commitWhenAgreed(
    members.map(({ peers }) => peers[0]!),
    definition,
    ordering,
  );
  return { sequence: definition.sequence, packageId, committed: true };
}

/** Approves a definition for one organization, unless it has; waits for orderers that have no leader yet. */
export async function approveOnce(
  peer: PeerConnection,
  mspId: string,
  definition: ChaincodeDefinition,
  packageId: string,
  ordering: OrderingRequest,
): Promise<void> {
  const approved = await commitReadiness(peer, definition);
  if (approved.get(mspId) === true) return;
  await untilOrdered(() => approveChaincode(peer, definition, packageId, ordering), ordering.signal);
}

/** Peers that have not seen an approval yet refuse the commit; it is asked again until they have. */
export async function commitWhenAgreed(
  peers: readonly PeerConnection[],
  definition: ChaincodeDefinition,
  ordering: OrderingRequest,
): Promise<void> {
  const isBehind = (error: unknown) => error instanceof PeerRefused && error.message.includes('not agreed to');
  await untilOrdered(() => commitChaincode(peers, definition, ordering), ordering.signal, isBehind);
}

/** Tries again what orderers without a leader yet, and peers that are behind, refuse. */
async function untilOrdered(
  attempt: () => Promise<void>,
  signal: AbortSignal | undefined,
  mayPass: (error: unknown) => boolean = () => false,
): Promise<void> {
  const end = performance.now() + patienceMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      const waits = mayPass(error) || (error instanceof Fault && error.kind === 'unavailable');
      if (!waits || performance.now() > end) throw error;
    }
    await delay(pollMs, undefined, signal === undefined ? {} : { signal });
  }
}
