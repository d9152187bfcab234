/** Calls below fabric-gateway: bytes that it would never send. */
import type { KeyObject } from 'node:crypto';
import { signLowS } from '@d-cloud/network/ledger';
import {
  ChannelHeader,
  type Decoded,
  Header,
  PreparedTransaction,
  Proposal,
  SignatureHeader,
  SignedProposal,
} from '@d-cloud/network/ledger/messages';
import { type Client, Metadata, type ServiceError } from '@grpc/grpc-js';
import type { Proposal as GatewayProposal, Transaction } from '@hyperledger/fabric-gateway';

/** How a call ended: a gRPC status with its text. */
export interface Ended {
  readonly code: number;
  readonly text: string;
}

export async function callRaw(client: Client, path: string, request: Uint8Array, deadlineMs?: number): Promise<Ended> {
  const { code, text } = await answerTo(client, path, request, deadlineMs);
  return { code, text };
}

/** The same with the answer's bytes, empty where the call failed. */
export function answerTo(
  client: Client,
  path: string,
  request: Uint8Array,
  deadlineMs = 15_000,
): Promise<Ended & { readonly bytes: Buffer }> {
  const raw = (bytes: Buffer) => bytes;
  return new Promise((resolve) => {
    const end = (error: ServiceError | null, bytes: Buffer = Buffer.alloc(0)) =>
      resolve({ code: error?.code ?? 0, text: error?.details ?? '', bytes });
    const deadline = { deadline: Date.now() + deadlineMs };
    client.makeUnaryRequest(path, raw, raw, Buffer.from(request), new Metadata(), deadline, end);
  });
}

/** Sends messages on one stream; gives what came back until as many answers as messages, or the end, and how it ended. */
export async function exchange(
  client: Client,
  path: string,
  ...messages: readonly Uint8Array[]
): Promise<Ended & { readonly answers: readonly Buffer[] }> {
  const raw = (bytes: Uint8Array) => Buffer.from(bytes);
  const deadline = { deadline: Date.now() + 15_000 };
  const call = client.makeBidiStreamRequest<Uint8Array, Buffer>(path, raw, (bytes) => bytes, new Metadata(), deadline);
  const answers: Buffer[] = [];
  const ended = new Promise<Ended>((resolve) => {
    call.on('status', ({ code, details }) => resolve({ code, text: details }));
  });
  call.on('data', (answer: Buffer) => {
    answers.push(answer);
    if (answers.length === messages.length) call.end();
  });
  call.on('error', () => {});
  for (const message of messages) call.write(message);
  return { ...(await ended), answers };
}

/** One length-delimited protobuf field. */
export function field(number: number, bytes: Uint8Array | string): Buffer {
  const content = Buffer.from(bytes as Uint8Array);
  const length: number[] = [];
  for (let left = content.length; ; left >>>= 7) {
    length.push(left > 127 ? (left & 127) | 128 : left);
    if (left <= 127) break;
  }
  return Buffer.concat([Buffer.from([(number << 3) | 2, ...length]), content]);
}

export interface HeaderEdit {
  readonly channel?: Partial<Decoded<typeof ChannelHeader>>;
  readonly signature?: Partial<Decoded<typeof SignatureHeader>>;
}

/** `protos.SignedProposal` with the headers of a proposal of fabric-gateway changed and signed again. */
export function editedProposal(proposal: GatewayProposal, key: KeyObject, edit: HeaderEdit = {}): Uint8Array {
  const proposed = readField(proposal.getBytes(), 2);
  const inner = Proposal.decode(SignedProposal.decode(proposed).proposal);
  const header = Header.decode(inner.header);
  const channelHeader = ChannelHeader.encode({ ...ChannelHeader.decode(header.channelHeader), ...edit.channel });
  const signatureHeader = SignatureHeader.encode({
    ...SignatureHeader.decode(header.signatureHeader),
    ...edit.signature,
  });
  const bytes = Proposal.encode({ ...inner, header: Header.encode({ channelHeader, signatureHeader }) });
  return SignedProposal.encode({ proposal: bytes, signature: signLowS(key, bytes) });
}

/** The first field of that number, which must be length-delimited as all of these messages' are. */
function readField(bytes: Uint8Array, wanted: number): Uint8Array {
  const from = Buffer.from(bytes);
  for (let at = 0; at < from.length; ) {
    const number = from[at]! >> 3;
    let [length, shift] = [0, 0];
    do {
      at++;
      length |= (from[at]! & 127) << shift;
      shift += 7;
    } while (from[at]! > 127);
    at++;
    if (number === wanted) return from.subarray(at, at + length);
    at += length;
  }
  throw new Error(`no field ${wanted}`);
}

/** `gateway.SubmitRequest` of a transaction's payload under another signature. */
export function submitRequest(transaction: Transaction, channel: string, signature: Uint8Array): Uint8Array {
  const { envelope } = PreparedTransaction.decode(transaction.getBytes());
  const foreign = Buffer.concat([field(1, envelope!.payload), field(2, signature)]);
  return Buffer.concat([field(1, transaction.getTransactionId()), field(2, channel), field(3, foreign)]);
}
