import { LIFECYCLE } from '../engine/definitions.ts';
import { type LocalPeer, localLifecycle } from '../lifecycle/local-functions.ts';
import type { Identity } from '../msp/identity.ts';
import { ChaincodeAction, ProposalResponsePayload, type Response } from '../wire/proposal.ts';
import type { Door } from './door.ts';
import { joinedChannels, joinPeer } from './membership-functions.ts';
import type { PeerAnswer } from './peer.ts';
import { checkAtDoor, checkCreator, isSystemChaincode, type UnpackedProposal } from './proposal.ts';
import { systemChaincode } from './system-chaincodes.ts';

/** From here on an answer comes with its payload, by which callers tell it from the peer's own refusals. */
const ERROR = 500;

/**
 * A proposal without a channel concerns one peer alone: it is judged by that organization's own authorities, reaches system
 * chaincodes only, and is never endorsed.
 */
export async function channelless(proposal: UnpackedProposal, door: Door): Promise<PeerAnswer> {
  const identities = door.localIdentities;
  checkAtDoor(proposal, door, identities);
  const creator = checkCreator(proposal, '', identities);
  const { chaincode, hash } = proposal;
  if (!isSystemChaincode(chaincode)) {
    const why = `make sure the chaincode ${chaincode} has been successfully defined on channel  and try again`;
    return { response: { status: ERROR, message: `${why}: could not get channel config for channel ''` } };
  }
  const response = await answerOf(proposal, door, creator);
  if (response.status < ERROR) return { response };
  const extension = ChaincodeAction.encode({ response, chaincodeId: { name: chaincode, version: 'syscc' } });
  return { response, payload: ProposalResponsePayload.encode({ proposalHash: hash, extension }) };
}

async function answerOf({ chaincode, input }: UnpackedProposal, door: Door, creator: Identity): Promise<Response> {
  const { args } = input;
  const name = args[0]?.toString() ?? '';
  if (chaincode === 'cscc' && name === 'JoinChain') return joinPeer(args, door, creator);
  if (chaincode === 'cscc' && name === 'GetChannels') return joinedChannels(door);
  if (chaincode === LIFECYCLE) return localLifecycle(localPeer(door), args, creator);
  if (args.length < 2) return { status: ERROR, message: `Incorrect number of arguments, ${args.length}` };
  // The others read a channel that their first argument names.
  const channelId = args[1]!.toString();
  const channel = door.channels.get(channelId);
  if (channel === undefined) return { status: ERROR, message: `Invalid chain ID, ${channelId}` };
  return systemChaincode(channel.ledger, chaincode, args, '', creator);
}

function localPeer({ mspId, packages, channels, joined, localOf }: Door): LocalPeer {
  const uses = () =>
    joined().flatMap((channelId) => {
      const channel = channels.get(channelId);
      return channel === undefined
        ? []
        : [{ channelId, chaincodesOf: (id: string) => localOf(channel).chaincodesOf(id) }];
    });
  return { mspId, packages, uses };
}
