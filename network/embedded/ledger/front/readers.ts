import { accessRefusal } from '../msp/access.ts';
import type { Identity } from '../msp/identity.ts';
import { SignedRequest } from '../wire/gateway.ts';
import type { Channel } from './channel.ts';
import type { Door } from './door.ts';
import { RpcError, Status } from './rpc-error.ts';

export const READERS = '/Channel/Application/Readers';

/** Opens a request that a reader of the channel has signed (commit status, chaincode events). */
export function signedByReader<R extends { readonly channelId: string; readonly identity: Buffer }>(
  bytes: Buffer,
  of: { decode(bytes: Uint8Array): R },
  door: Door,
  resource: string,
): { readonly request: R; readonly channel: Channel } {
  const { request: inner, signature } = SignedRequest.decode(bytes);
  const request = of.decode(inner);
  const channel = door.channels.get(request.channelId);
  if (channel === undefined) {
    throw new RpcError(Status.PERMISSION_DENIED, `Failed to get policy manager for channel [${request.channelId}]`);
  }
  const signer: Identity | undefined = channel.ledger.config.identities.signer(request.identity, inner, signature);
  const why = accessRefusal(channel.ledger.config, resource, READERS, signer);
  if (why === undefined) return { request, channel };
  throw new RpcError(Status.PERMISSION_DENIED, why);
}
