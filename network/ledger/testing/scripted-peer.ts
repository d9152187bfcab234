import {
  type handleBidiStreamingCall,
  type handleUnaryCall,
  Metadata,
  Server,
  ServerCredentials,
  status,
} from '@grpc/grpc-js';
import { keyPem } from '../../admin/certificates/key-pair.ts';
import { Block, Envelope } from '../messages/index.ts';
import { bytes, message, nested, string, uint } from '../messages/message.ts';
import { DeliverResponse } from '../messages/ordering.ts';
import type { OfflineOrganization } from './offline-channel.ts';

const EndorseRequest = message({ transactionId: string(1), channelId: string(2), proposal: bytes(3) });
const EndorseResponse = message({ preparedTransaction: nested(1, () => Envelope) });
const SubmitRequest = message({ transactionId: string(1), channelId: string(2), envelope: bytes(3) });
const CommitStatusResponse = message({ result: uint(1), blockNumber: uint(2) });
const Detail = message({ address: string(1), mspId: string(2), message: string(3) });
const Any = message({ typeUrl: string(1), value: bytes(2) });
const RpcStatus = message({ code: uint(1), message: string(2), details: nested(3, () => Any) });

/** What the peer says to a call: an answer, a gRPC error in Fabric's shape, or nothing at all. */
export type Scripted<T> =
  | { readonly kind: 'answer'; readonly value: T }
  | { readonly kind: 'error'; readonly code: number; readonly message: string; readonly detail?: string }
  | { readonly kind: 'silence' };

export const answer = <T>(value: T): Scripted<T> => ({ kind: 'answer', value });
export const failure = (code: number, text: string, detail?: string): Scripted<never> => ({
  kind: 'error',
  code,
  message: text,
  ...(detail === undefined ? {} : { detail }),
});
export const silence: Scripted<never> = { kind: 'silence' };
export const codes = status;

/** How a scripted peer behaves; each call is told its number, from 0. */
export interface Script {
  /** Answers `common.Envelope` bytes. */
  endorse?(transactionId: string, call: number): Scripted<Uint8Array>;
  submit?(transactionId: string, envelope: Uint8Array, call: number): Scripted<void>;
  commitStatus?(call: number): Scripted<{ result: number; blockNumber: number }>;
  /** Blocks to send from the start asked for, then how to end the stream. */
  deliver?(call: number): { blocks: readonly Uint8Array[]; end: 'status 404' | 'status 403' | 'break' | 'wait' };
}

export interface ScriptedPeer extends AsyncDisposable {
  readonly address: string;
}

const raw = {
  requestDeserialize: (value: Buffer) => value,
  responseSerialize: (value: Uint8Array) => Buffer.from(value),
};

/** A gRPC server over TLS that speaks enough of Fabric's gateway and Deliver to play a script to the real client. */
export async function startScriptedPeer(organization: OfflineOrganization, script: Script): Promise<ScriptedPeer> {
  const server = new Server();
  const unary = (path: string, respond: (request: Buffer) => Scripted<Uint8Array>) => {
    const handle: handleUnaryCall<Buffer, Uint8Array> = (call, reply) => {
      const scripted = respond(call.request);
      if (scripted.kind === 'answer') reply(null, scripted.value);
      if (scripted.kind === 'error') reply(errorOf(scripted));
    };
    return { path, requestStream: false, responseStream: false, ...raw, handle };
  };
  let [endorsed, submitted, asked, delivered] = [0, 0, 0, 0];
  const map = <T, R>(scripted: Scripted<T>, change: (value: T) => R): Scripted<R> =>
    scripted.kind === 'answer' ? answer(change(scripted.value)) : scripted;
  const gateway = {
    Endorse: unary('/gateway.Gateway/Endorse', (request) => {
      const { transactionId } = EndorseRequest.decode(request);
      return map(script.endorse!(transactionId, endorsed++), (envelope) =>
        EndorseResponse.encode({ preparedTransaction: Envelope.decode(envelope) }),
      );
    }),
    Submit: unary('/gateway.Gateway/Submit', (request) => {
      const { transactionId, envelope } = SubmitRequest.decode(request);
      return map(script.submit!(transactionId, envelope, submitted++), () => new Uint8Array(0));
    }),
    CommitStatus: unary('/gateway.Gateway/CommitStatus', () =>
      map(script.commitStatus!(asked++), (value) => CommitStatusResponse.encode(value)),
    ),
  };
  const handle: handleBidiStreamingCall<Buffer, Uint8Array> = (call) => {
    call.once('data', () => {
      const { blocks, end } = script.deliver!(delivered++);
      for (const block of blocks) call.write(DeliverResponse.encode({ block: Block.decode(block) }));
      if (end === 'break')
        call.emit('error', Object.assign(new Error('gone'), { code: status.UNAVAILABLE, details: 'gone' }));
      else if (end !== 'wait') {
        call.write(DeliverResponse.encode({ status: end === 'status 404' ? 404 : 403 }));
        call.end();
      }
    });
    call.on('error', () => {});
  };
  const deliver = { path: '/protos.Deliver/Deliver', requestStream: true, responseStream: true, ...raw, handle };
  const handlers = { ...gateway, Deliver: deliver };
  server.addService(
    Object.fromEntries(
      Object.entries(handlers).map(([name, { handle: _, ...definition }]) => [name, serial(definition)]),
    ),
    Object.fromEntries(Object.entries(handlers).map(([name, { handle }]) => [name, handle])),
  );
  const { certificate, key } = organization.tls;
  const pair = { private_key: Buffer.from(keyPem(key)), cert_chain: Buffer.from(certificate) };
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createSsl(null, [pair]), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return {
    address: `127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.forceShutdown();
    },
  };
}

function serial<T extends object>(definition: T) {
  return { ...definition, requestSerialize: (value: Buffer) => value, responseDeserialize: (value: Buffer) => value };
}

function errorOf({ code, message: text, detail }: Scripted<never> & { kind: 'error' }) {
  const error = Object.assign(new Error(text), { code, details: text });
  if (detail === undefined) return error;
  const value = Detail.encode({ address: 'peer:7051', mspId: 'OrgBMSP', message: detail });
  const details = { typeUrl: 'type.googleapis.com/gateway.ErrorDetail', value };
  const metadata = new Metadata();
  metadata.set('grpc-status-details-bin', Buffer.from(RpcStatus.encode({ code, message: text, details })));
  return Object.assign(error, { metadata });
}
