import { readTransaction } from '../engine/transaction.ts';
import { Envelope } from '../wire/envelope.ts';
import { SubmitRequest } from '../wire/gateway.ts';
import { Code } from '../wire/proposal.ts';
import { unsatisfied } from './channel.ts';
import type { Door } from './door.ts';
import { RpcError, Status } from './rpc-error.ts';

const NOTHING = Buffer.alloc(0);

/** `gateway.Gateway/Submit`: hands a signed transaction to the orderer, which lets channel writers in only. */
export async function submit(request: Buffer, door: Door): Promise<Buffer> {
  const { preparedTransaction: envelope, channelId } = SubmitRequest.decode(request);
  if (envelope === undefined) throw new RpcError(Status.INVALID_ARGUMENT, 'a prepared transaction is required');
  if (envelope.signature.length === 0)
    throw new RpcError(Status.INVALID_ARGUMENT, 'prepared transaction must be signed');
  const channel = door.channels.get(channelId);
  if (channel === undefined) {
    const why = `failed to get config for channel [${channelId}]: could not get last config for channel ${channelId}`;
    throw new RpcError(Status.FAILED_PRECONDITION, why);
  }
  const transaction = readTransaction(Envelope.encode(envelope));
  const { header, signature } = transaction;
  if (transaction.malformed === Code.BAD_PAYLOAD) {
    const why = 'error unmarshalling Payload: proto: cannot parse invalid wire-format data';
    throw orderer('BAD_REQUEST', `could not determine channel ID: ${why}`);
  }
  if (header.channelId !== channelId) throw orderer('NOT_FOUND', 'channel does not exist');
  const { identities, maxBytes } = channel.ledger.config;
  const size = transaction.envelope.payload.length + transaction.envelope.signature.length;
  if (size > maxBytes) {
    throw orderer('BAD_REQUEST', `message payload is ${size} bytes and exceeds maximum allowed ${maxBytes} bytes`);
  }
  const identity = identities.read(signature.creator);
  if (identity !== undefined && identity.problem === undefined && identity.notAfter < channel.now()) {
    throw orderer('BAD_REQUEST', 'broadcast client identity expired');
  }
  const creator = identities.signer(signature.creator, envelope.payload, envelope.signature);
  const why = unsatisfied(channel, '/Channel/Writers', creator);
  if (why !== undefined) throw orderer('FORBIDDEN', `${why}: permission denied`);
  channel.ledger.submit(transaction, true);
  return NOTHING;
}

const orderer = (status: string, info: string): RpcError =>
  new RpcError(Status.ABORTED, `received unsuccessful response from orderer: status=${status}, info=${info}`);
