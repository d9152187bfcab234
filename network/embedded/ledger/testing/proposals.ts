import { type KeyObject, sign } from 'node:crypto';
import { type Client, Metadata, type ServiceError } from '@grpc/grpc-js';
import type { Proposal } from '@hyperledger/fabric-gateway';
import { lowS } from '../msp/signature.ts';
import { ChannelHeader, Header, SignatureHeader } from '../wire/envelope.ts';
import { EvaluateRequest } from '../wire/gateway.ts';
import { message, nested, string } from '../wire/message.ts';
import { SignedProposal, Proposal as WireProposal } from '../wire/proposal.ts';

/** What fabric-gateway hands out of a proposal before it is endorsed. */
const ProposedTransaction = message('ProposedTransaction', {
  transactionId: string(1),
  proposal: nested(2, () => SignedProposal),
});

/** What a call came to: a status with its text, or bytes. */
export interface Outcome {
  readonly code: number;
  readonly text: string;
  readonly bytes: Buffer;
}

/** Calls a method with raw bytes and tells how it ended. */
export function callRaw(client: Client, path: string, request: Uint8Array, deadlineMs = 10_000): Promise<Outcome> {
  const raw = (bytes: Buffer): Buffer => bytes;
  return new Promise((resolve) => {
    const ended = (error: ServiceError | null, bytes: Buffer = Buffer.alloc(0)): void =>
      resolve({ code: error?.code ?? 0, text: error?.details ?? '', bytes });
    client.makeUnaryRequest(
      path,
      raw,
      raw,
      Buffer.from(request),
      new Metadata(),
      { deadline: Date.now() + deadlineMs },
      ended,
    );
  });
}

export interface HeaderEdit {
  readonly channel?: Partial<ChannelHeader>;
  readonly signature?: Partial<SignatureHeader>;
}

/** The bytes of a proposal that fabric-gateway made, with other headers, signed again. */
export function editedProposal(proposal: Proposal, key: KeyObject, edit: HeaderEdit): Buffer {
  const signed = ProposedTransaction.decode(proposal.getBytes()).proposal!;
  const inner = WireProposal.decode(signed.proposalBytes);
  const header = Header.decode(inner.header);
  const channelHeader = ChannelHeader.encode({ ...ChannelHeader.decode(header.channelHeader), ...edit.channel });
  const signatureHeader = SignatureHeader.encode({
    ...SignatureHeader.decode(header.signatureHeader),
    ...edit.signature,
  });
  const proposalBytes = WireProposal.encode({ ...inner, header: Header.encode({ channelHeader, signatureHeader }) });
  return SignedProposal.encode({ proposalBytes, signature: lowS(sign('sha256', proposalBytes, key)) });
}

/** The same for fabric-gateway to send as one of its own. */
export const proposedAgain = (proposal: Proposal, signed: Buffer): Buffer =>
  ProposedTransaction.encode({
    transactionId: proposal.getTransactionId(),
    proposal: SignedProposal.decode(signed),
  });

/** An evaluate request around an edited proposal. */
export const evaluateRequest = (signed: Buffer): Buffer =>
  EvaluateRequest.encode({ proposedTransaction: SignedProposal.decode(signed) });
