import type { Client } from '@grpc/grpc-js';
import { Fault } from '../../ledger/fault.ts';
import type { Signatory } from '../../ledger/identity.ts';
import { type Decoded, ProposalResponse, SignedProposal } from '../../ledger/messages/index.ts';
import { unary } from './call.ts';
import { type BuiltProposal, buildProposal, type ProposalContent } from './proposal.ts';

/** A peer that administration talks to, and the admin who does. */
export interface PeerConnection {
  readonly client: Client;
  readonly signatory: Signatory;
  /** For sentences: whose peer this is. */
  readonly name: string;
}

export type PeerAnswer = Decoded<typeof ProposalResponse>;

/** Sends one proposal to one peer (`protos.Endorser/ProcessProposal`); a bad status is a Fault with the peer's words. */
export async function processProposal(
  peer: PeerConnection,
  proposal: BuiltProposal,
  during: string,
  signal?: AbortSignal,
): Promise<PeerAnswer> {
  const signed = SignedProposal.encode({ proposal: proposal.bytes, signature: peer.signatory.sign(proposal.bytes) });
  const what = `${during} at ${peer.name}`;
  const answer = await unary(peer.client, '/protos.Endorser/ProcessProposal', signed, ProposalResponse, what, signal);
  const { status, message } = answer.response ?? { status: 0, message: 'no response' };
  if (status !== 200) throw new PeerRefused(`${what}: ${message}`, status);
  return answer;
}

/** The peer understood and said no: its own words, for callers who know them. */
export class PeerRefused extends Fault {
  readonly status: number;

  constructor(message: string, status: number) {
    super('misconfigured', message);
    this.status = status;
  }
}

/** Asks a peer something and answers the payload. */
export async function ask(
  peer: PeerConnection,
  content: Omit<ProposalContent, 'now'>,
  during: string,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const proposal = buildProposal(peer.signatory, { ...content, now: new Date() });
  const answer = await processProposal(peer, proposal, during, signal);
  return answer.response?.payload ?? new Uint8Array(0);
}
