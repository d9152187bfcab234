import { hasRole, type Identity } from '../msp/identity.ts';
import { Config, RawConfigEnvelope } from '../wire/config.ts';
import { Block, ChannelHeader, Envelope, HeaderType, Payload } from '../wire/envelope.ts';
import { ChannelQueryResponse } from '../wire/gateway.ts';
import type { Response } from '../wire/proposal.ts';
import { type Door, JoinRefused } from './door.ts';

const refused = (message: string): Response => ({ status: 500, message });
const channelName = /^[a-z][a-z0-9.-]{0,248}$/;

/** `cscc GetChannels`: every channel that this peer has joined. */
export function joinedChannels(door: Door): Response {
  const channels = door.joined().map((channelId) => ({ channelId }));
  return { status: 200, payload: ChannelQueryResponse.encode({ channels }) };
}

/** `cscc JoinChain` with a channel's first block, for an admin of the peer's organization. */
export async function joinPeer(args: readonly Buffer[], door: Door, creator: Identity): Promise<Response> {
  const bytes = args[1];
  if (bytes === undefined) return refused(`Incorrect number of arguments, ${args.length}`);
  let block: Block;
  let channelId: string;
  try {
    block = Block.decode(bytes);
  } catch (cause) {
    return refused(`Failed to reconstruct the genesis block, error unmarshalling Block: ${(cause as Error).message}`);
  }
  try {
    channelId = channelIdOf(block);
  } catch (cause) {
    const why = (cause as Error).message;
    return refused(`"JoinChain" request failed to extract channel id from the block due to [${why}]`);
  }
  const flaw = flawOf(block, channelId);
  if (flaw !== undefined) {
    const failed = `"JoinChain" for channelID = ${channelId} failed because of validation of configuration block`;
    return refused(`${failed}, because of ${flaw}`);
  }
  if (!hasRole(creator, { mspId: door.mspId, role: 'admin' })) {
    const unit = `The identity does not contain OU [ADMIN], MSP: [${door.mspId}]`;
    const why = `The identity is not an admin under this MSP [${door.mspId}]: ${unit}`;
    const checked = "Failed verifying that proposal's creator satisfies local MSP principal during channelless check";
    return refused(`access denied for [JoinChain][${channelId}]: [${checked} policy with policy [Admins]: [${why}]]`);
  }
  try {
    await door.join(bytes);
    return { status: 200 };
  } catch (cause) {
    if (cause instanceof JoinRefused) return refused(`cannot create ledger from genesis block: ${cause.message}`);
    throw cause;
  }
}

function channelIdOf({ data }: Block): string {
  const [first] = data?.data ?? [];
  if (first === undefined) throw new Error('failed to retrieve channel id - block is empty');
  const { header } = Payload.decode(Envelope.decode(first).payload);
  if (header === undefined) throw new Error('failed to retrieve channel id - payload header is empty');
  return ChannelHeader.decode(header.channelHeader).channelId;
}

/** Why no channel can begin with this block, in Fabric's words where it has some. */
function flawOf({ header, data }: Block, channelId: string): string | undefined {
  try {
    const payload = Payload.decode(Envelope.decode(data!.data[0]!).payload);
    const { type } = ChannelHeader.decode(payload.header!.channelHeader);
    if (type !== HeaderType.CONFIG) {
      return `Bad configuration envelope: invalid type ${type}, expected ${HeaderType.CONFIG}`;
    }
    const { config } = RawConfigEnvelope.decode(payload.data);
    if (config.length === 0) return 'Nil config envelope Config';
    const { channelGroup } = Config.decode(config);
    if (channelGroup === undefined) return 'Nil channel group';
    const { groups } = channelGroup;
    if (groups === undefined) return 'No channel configuration groups are available';
    if (groups.Application === undefined) return 'Invalid configuration block, missing Application configuration group';
  } catch (cause) {
    return `Bad configuration envelope: ${(cause as Error).message}`;
  }
  if (!channelName.test(channelId)) return `bad channel ID: '${channelId}' contains illegal characters`;
  if (header?.number !== 0) return `it is block ${header?.number ?? 'without a number'}; a peer joins with block 0`;
  return undefined;
}
