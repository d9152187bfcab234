import { type handleBidiStreamingCall, type handleUnaryCall, Server, ServerCredentials } from '@grpc/grpc-js';
import { openConnection } from '../../ledger/connection.ts';
import {
  Block,
  BroadcastResponse,
  ChaincodeInvocationSpec,
  ChaincodeProposalPayload,
  DeliverResponse,
  Envelope,
  Payload,
  Proposal,
  ProposalResponse,
  SeekInfo,
  SignedProposal,
} from '../../ledger/messages/index.ts';
import type { OfflineOrganization } from '../../ledger/testing/offline-channel.ts';
import { keyPem } from '../certificates/key-pair.ts';

/** How a node answers; each part stands for one of Fabric's services. */
export interface ScriptedNode {
  broadcast?(envelope: Buffer): { status: number; info: string };
  deliver?(place: 'newest' | number): Uint8Array | number;
  /** Arguments of the proposal; the answer's status, words and payload. */
  process?(args: readonly Uint8Array[]): { status: number; message: string; payload?: Uint8Array };
}

const raw = {
  requestSerialize: (value: Buffer) => value,
  requestDeserialize: (value: Buffer) => value,
  responseSerialize: (value: Uint8Array) => Buffer.from(value),
  responseDeserialize: (value: Buffer) => value,
};

/** An orderer and a peer's endorser in one that answer as told over TLS, and an admin's connection to it. */
export async function startScriptedNode(organization: OfflineOrganization, script: ScriptedNode) {
  const server = new Server();
  const stream = (respond: (request: Buffer) => Uint8Array): handleBidiStreamingCall<Buffer, Uint8Array> => {
    return (call) => call.on('data', (request: Buffer) => call.write(respond(request))).on('error', () => {});
  };
  const deliver = (request: Buffer) => {
    const { start } = SeekInfo.decode(Payload.decode(Envelope.decode(request).payload).data);
    const found = script.deliver!(start?.newest === undefined ? (start?.specified?.number ?? -1) : 'newest');
    return DeliverResponse.encode(typeof found === 'number' ? { status: found } : { block: Block.decode(found) });
  };
  const endorse: handleUnaryCall<Buffer, Uint8Array> = ({ request }, reply) => {
    const { status, message, payload = new Uint8Array(0) } = script.process!(argsOf(request));
    const endorsement = { endorser: organization.peer.creator, signature: organization.peer.sign(payload) };
    reply(null, ProposalResponse.encode({ response: { status, message, payload }, payload, endorsement }));
  };
  const both = { requestStream: true, responseStream: true, ...raw };
  server.addService(
    {
      Broadcast: { path: '/orderer.AtomicBroadcast/Broadcast', ...both },
      Deliver: { path: '/orderer.AtomicBroadcast/Deliver', ...both },
      ProcessProposal: {
        path: '/protos.Endorser/ProcessProposal',
        requestStream: false,
        responseStream: false,
        ...raw,
      },
    },
    {
      Broadcast: stream((request) => BroadcastResponse.encode(script.broadcast!(request))),
      Deliver: stream(deliver),
      ProcessProposal: endorse,
    },
  );
  const pair = {
    private_key: Buffer.from(keyPem(organization.tls.key)),
    cert_chain: Buffer.from(organization.tls.certificate),
  };
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createSsl(null, [pair]), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  const client = openConnection({ address: `127.0.0.1:${port}`, tlsRoots: [organization.tlsAuthority.certificate] });
  return {
    connection: { client, signatory: organization.admin, name: `the node of ${organization.mspId}` },
    close() {
      client.close();
      server.forceShutdown();
    },
  };
}

function argsOf(signedProposal: Buffer): readonly Uint8Array[] {
  const { payload } = Proposal.decode(SignedProposal.decode(signedProposal).proposal);
  const { input } = ChaincodeProposalPayload.decode(payload);
  return ChaincodeInvocationSpec.decode(input).chaincodeSpec?.input?.args ?? [];
}
