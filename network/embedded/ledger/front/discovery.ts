import { hasRole, type Identity } from '../msp/identity.ts';
import {
  type EndorsementDescriptor,
  type Query,
  type QueryResult,
  Request,
  Response,
  SignedRequest,
} from '../wire/discovery.ts';
import type { ChaincodeInterest } from '../wire/proposal.ts';
import type { Call } from './call.ts';
import type { Channel } from './channel.ts';
import { discoveredConfig } from './discovery-config.ts';
import type { Door } from './door.ts';
import { authorizedPeers, endorsingSets, NoEndorsers, SearchEffort } from './endorsement-layouts.ts';
import { alivePeer, channelPeer } from './gossip.ts';
import { interestText } from './interest-text.ts';
import { RpcError, Status } from './rpc-error.ts';

type Result = Parameters<typeof QueryResult.encode>[0];

/** More than any tool asks for in one go: each interest may cost a search through sets of peers, and a caller's own key policies come with it. */
const MAX_QUERIES = 100;
const MAX_INTERESTS = 100;
const MAX_REQUEST_BYTES = 16 * 1024;
const WRITERS = '/Channel/Application/Writers';
const failed = (content: string): Result => ({ error: { content } });
const DENIED = failed('access denied');

/** `discovery.Discovery/Discover`: who endorses what, which peers there are, and how a channel is configured. */
export async function discover(bytes: Buffer, call: Call, door: Door): Promise<Buffer> {
  const { payload, signature } = decoded(SignedRequest, bytes, Status.INTERNAL, 'grpc: error unmarshalling request');
  const wrong = (why: string): never => {
    throw new RpcError(Status.UNKNOWN, why);
  };
  if (payload.length > MAX_REQUEST_BYTES) return wrong(`a request has at most ${MAX_REQUEST_BYTES} bytes`);
  const { authentication, queries } = decoded(Request, payload, Status.UNKNOWN, 'failed parsing request');
  if (authentication === undefined) return wrong('access denied, no authentication info in request');
  const { clientIdentity, clientTlsCertHash } = authentication;
  if (clientIdentity.length === 0) return wrong("access denied, client identity wasn't supplied");
  const bound = call.certificateHash;
  if (bound !== undefined && !bound.equals(clientTlsCertHash)) {
    return wrong("client claimed TLS hash doesn't match computed TLS hash from gRPC stream");
  }
  if (queries.length > MAX_QUERIES) return wrong(`a request holds at most ${MAX_QUERIES} queries`);
  const interests = queries.reduce((sum, { chaincodeQuery }) => sum + (chaincodeQuery?.interests.length ?? 0), 0);
  if (interests > MAX_INTERESTS) return wrong(`a request holds at most ${MAX_INTERESTS} chaincode interests`);
  const effort = new SearchEffort();
  const signerIn = (identities: Door['localIdentities']) => identities.signer(clientIdentity, payload, signature);
  return Response.encode({ results: queries.map((query) => answer(query, signerIn, effort, door)) });
}

function answer(
  query: Query,
  signerIn: (identities: Door['localIdentities']) => Identity | undefined,
  effort: SearchEffort,
  door: Door,
): Result {
  if (query.channel === '') {
    const caller = signerIn(door.localIdentities);
    const admin = caller !== undefined && hasRole(caller, { mspId: door.mspId, role: 'admin' });
    if (!admin) return DENIED;
    return query.localPeers === undefined ? failed('unknown or missing request type') : neighbours(door);
  }
  const channel = door.channels.get(query.channel);
  if (channel === undefined) return DENIED;
  const { identities, policies } = channel.ledger.config;
  const caller = signerIn(identities);
  if (caller === undefined || !policies.at(WRITERS).satisfiedBy([caller])) return DENIED;
  if (query.chaincodeQuery !== undefined) return chaincodes(query.chaincodeQuery.interests, channel, effort, door);
  if (query.configQuery !== undefined) return { configResult: discoveredConfig(channel) };
  if (query.peerQuery !== undefined) return peersOf(channel, query.peerQuery.filter, door);
  return failed('unknown or missing request type');
}

/** The peers that this one knows of, whatever their channels. */
function neighbours(door: Door): Result {
  const peersByOrganization = Object.fromEntries(
    door.neighbours().map((peer) => [peer.mspId, { peers: [alivePeer(peer, door.gossip)] }]),
  );
  return { members: { peersByOrganization } };
}

function peersOf(channel: Channel, filter: ChaincodeInterest | undefined, door: Door): Result {
  try {
    const able = filter === undefined ? channel.peers : authorizedPeers(channel, filter);
    const peersByOrganization = Object.fromEntries(
      channel.peers.map((peer) => [
        peer.mspId,
        { peers: able.includes(peer) ? [channelPeer(peer, channel, door.gossip)] : [] },
      ]),
    );
    return { members: { peersByOrganization } };
  } catch (cause) {
    if (cause instanceof NoEndorsers) return failed(cause.message);
    throw cause;
  }
}

function chaincodes(
  interests: readonly ChaincodeInterest[],
  channel: Channel,
  effort: SearchEffort,
  door: Door,
): Result {
  if (interests.length === 0) return failed('chaincode query must have at least one chaincode interest');
  for (const { chaincodes: calls } of interests) {
    if (calls.length === 0) return failed('chaincode interest must contain at least one chaincode');
    if (calls.some(({ name }) => name === '')) return failed('chaincode name in interest cannot be empty');
  }
  const content: Parameters<typeof EndorsementDescriptor.encode>[0][] = [];
  for (const interest of interests) {
    try {
      content.push(descriptor(interest, channel, effort, door));
    } catch (cause) {
      if (!(cause instanceof NoEndorsers)) throw cause;
      return failed(`failed constructing descriptor for ${interestText(interest)}`);
    }
  }
  return { chaincodeResult: { content } };
}

/** Each layout takes one peer of each group it names; a group is one organization's peer. */
function descriptor(interest: ChaincodeInterest, channel: Channel, effort: SearchEffort, door: Door) {
  const sets = endorsingSets(channel, interest, effort);
  const groups = new Map([...new Set(sets.flat())].map((peer, i) => [peer, `G${i}`]));
  return {
    chaincode: interest.chaincodes[0]!.name,
    endorsersByGroups: Object.fromEntries(
      [...groups].map(([peer, group]) => [group, { peers: [channelPeer(peer, channel, door.gossip)] }]),
    ),
    layouts: sets.map((set) => ({
      quantitiesByGroup: Object.fromEntries(set.map((peer) => [groups.get(peer)!, 1])),
    })),
  };
}

function decoded<T>(message: { decode(bytes: Uint8Array): T }, bytes: Uint8Array, status: number, what: string): T {
  try {
    return message.decode(bytes);
  } catch (cause) {
    throw new RpcError(status, `${what}: ${(cause as Error).message}`);
  }
}
