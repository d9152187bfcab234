import { randomBytes } from 'node:crypto';
import type { Signatory } from '../../ledger/identity.ts';
import {
  ChaincodeActionPayload,
  ChaincodeHeaderExtension,
  ChaincodeInvocationSpec,
  ChaincodeProposalPayload,
  ChannelHeader,
  type Decoded,
  Envelope,
  Header,
  headerTypes,
  Payload,
  Proposal,
  type ProposalResponse,
  SignatureHeader,
  Transaction,
} from '../../ledger/messages/index.ts';
import { sha256 } from '../../ledger/signing.ts';

/** A call as a peer's endorser takes it, with the parts that a transaction is made of later. */
export interface BuiltProposal {
  readonly transactionId: string;
  /** `protos.Proposal`, to be signed. */
  readonly bytes: Uint8Array;
  readonly channelHeader: Uint8Array;
  readonly signatureHeader: Uint8Array;
  /** ChaincodeProposalPayload without transient data. */
  readonly payload: Uint8Array;
}

export interface ProposalContent {
  /** Empty for what concerns a peer and no channel. */
  readonly channel: string;
  readonly chaincode: string;
  readonly args: readonly (string | Uint8Array)[];
  readonly transient?: ReadonlyMap<string, Uint8Array>;
  readonly now: Date;
  readonly nonce?: Uint8Array;
}

const nodeType = 2;

/** Fabric's proposal bytes, as fabric-gateway makes them; peers without a gateway service are asked with these directly. */
export function buildProposal(signatory: Signatory, content: ProposalContent): BuiltProposal {
  const { channel, chaincode, args, now, nonce = randomBytes(24) } = content;
  const transactionId = sha256(nonce, signatory.creator).toString('hex');
  const chaincodeId = { name: chaincode };
  const channelHeader = ChannelHeader.encode({
    type: headerTypes.endorserTransaction,
    timestamp: timestamp(now),
    channelId: channel,
    txId: transactionId,
    extension: ChaincodeHeaderExtension.encode({ chaincodeId }),
  });
  const signatureHeader = SignatureHeader.encode({ creator: signatory.creator, nonce });
  const input = { args: args.map((argument) => Buffer.from(argument)) };
  const invocation = ChaincodeInvocationSpec.encode({ chaincodeSpec: { type: nodeType, chaincodeId, input } });
  const payload = ChaincodeProposalPayload.encode({ input: invocation });
  const sent = ChaincodeProposalPayload.encode({ input: invocation, transientMap: content.transient });
  const header = Header.encode({ channelHeader, signatureHeader });
  return { transactionId, bytes: Proposal.encode({ header, payload: sent }), channelHeader, signatureHeader, payload };
}

export function timestamp(now: Date): { seconds: number; nanos: number } {
  const milliseconds = now.getTime();
  return { seconds: Math.floor(milliseconds / 1000), nanos: (((milliseconds % 1000) + 1000) % 1000) * 1e6 };
}

/** The signed envelope of a proposal and its equal endorsements, ready for an orderer. */
export function buildTransaction(
  signatory: Signatory,
  proposal: BuiltProposal,
  responses: readonly Decoded<typeof ProposalResponse>[],
): Uint8Array {
  const { channelHeader, signatureHeader, payload: chaincodeProposalPayload } = proposal;
  const action = ChaincodeActionPayload.encode({
    chaincodeProposalPayload,
    action: {
      proposalResponsePayload: responses[0]!.payload,
      endorsements: responses.map(({ endorsement }) => endorsement!),
    },
  });
  return signedEnvelope(signatory, {
    header: { channelHeader, signatureHeader },
    data: Transaction.encode({ actions: [{ header: signatureHeader, payload: action }] }),
  });
}

/** An envelope over a payload, signed as the submitter. */
export function signedEnvelope(
  signatory: Signatory,
  content: { header: { channelHeader: Uint8Array; signatureHeader: Uint8Array }; data: Uint8Array },
): Uint8Array {
  const payload = Payload.encode(content);
  return Envelope.encode({ payload, signature: signatory.sign(payload) });
}
