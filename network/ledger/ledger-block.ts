import {
  ChaincodeAction,
  ChaincodeActionPayload,
  ChaincodeEvent,
  ChaincodeInvocationSpec,
  ChaincodeProposalPayload,
  ChannelHeader,
  type Decoded,
  Envelope,
  headerTypes,
  metadataPlaces,
  Payload,
  ProposalResponsePayload,
  SerializedIdentity,
  SignatureHeader,
  Transaction,
} from './messages/index.ts';
import { blockHash, parseBlock } from './verify/block-hash.ts';

/** One envelope of a block. Of a kind other than `transaction` the chaincode's fields are empty. */
export interface LedgerTransaction {
  /** `unreadable`: signed bytes that are no transaction; an orderer takes them, and peers mark them invalid. */
  readonly kind: 'transaction' | 'configuration' | 'unreadable';
  readonly id: string;
  /** 0 is valid; anything else took no effect. -1 where the block's copy carries no codes (an orderer's). */
  readonly validationCode: number;
  readonly creatorMspId: string;
  /** PEM. */
  readonly creatorCertificate: string;
  /** As the creator claims it; nobody checks it on Fabric 2.5. */
  readonly timestamp: Date;
  readonly chaincode: string;
  readonly function: string;
  /** The arguments after the function's name. */
  readonly args: readonly Uint8Array[];
  readonly event?: { readonly name: string; readonly payload: Uint8Array };
  readonly endorserMspIds: readonly string[];
}

export interface LedgerBlock {
  readonly number: number;
  readonly hash: Uint8Array;
  readonly previousHash: Uint8Array;
  readonly dataHash: Uint8Array;
  readonly transactions: readonly LedgerTransaction[];
  /** The whole block as delivered (`common.Block`), for evidence. */
  readonly bytes: Uint8Array;
}

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('utf8');
const latestTime = 8.64e15;

/** Reads a block as a peer delivers it; never throws because of what somebody put into an envelope. */
export function readLedgerBlock(bytes: Uint8Array): LedgerBlock {
  const { header, envelopes, metadata } = parseBlock(bytes);
  const codes = metadata[metadataPlaces.transactionsFilter] ?? new Uint8Array(0);
  return {
    number: header.number,
    hash: blockHash(header),
    previousHash: header.previousHash,
    dataHash: header.dataHash,
    transactions: envelopes.map((envelope, place) => readEnvelope(envelope, codes[place] ?? -1)),
    bytes,
  };
}

const nothing = {
  id: '',
  creatorMspId: '',
  creatorCertificate: '',
  timestamp: new Date(0),
  chaincode: '',
  function: '',
  args: [],
  endorserMspIds: [],
} as const;

/** Reads one envelope; `validationCode` is what its block says of it. Never throws. */
export function readEnvelope(envelope: Uint8Array, validationCode = -1): LedgerTransaction {
  try {
    const payload = Payload.decode(Envelope.decode(envelope).payload);
    const channelHeader = ChannelHeader.decode(payload.header!.channelHeader);
    const { creator } = SignatureHeader.decode(payload.header!.signatureHeader);
    const from = SerializedIdentity.decode(creator);
    const seconds = channelHeader.timestamp?.seconds ?? 0;
    const milliseconds = seconds * 1000 + Math.floor((channelHeader.timestamp?.nanos ?? 0) / 1e6);
    const read = {
      id: channelHeader.txId,
      validationCode,
      creatorMspId: from.mspId,
      creatorCertificate: text(from.certificate),
      timestamp: new Date(Math.min(latestTime, Math.max(-latestTime, milliseconds))),
    };
    if (channelHeader.type === headerTypes.config) return { ...nothing, ...read, kind: 'configuration' };
    if (channelHeader.type !== headerTypes.endorserTransaction) return { ...nothing, ...read, kind: 'unreadable' };
    return { ...read, ...readAction(payload), kind: 'transaction' };
  } catch {
    return { ...nothing, kind: 'unreadable', validationCode };
  }
}

type ActionParts = Pick<LedgerTransaction, 'chaincode' | 'function' | 'args' | 'event' | 'endorserMspIds'>;

function readAction(payload: Decoded<typeof Payload>): ActionParts {
  const action = ChaincodeActionPayload.decode(Transaction.decode(payload.data).actions[0]!.payload);
  const proposal = ChaincodeProposalPayload.decode(action.chaincodeProposalPayload);
  const spec = ChaincodeInvocationSpec.decode(proposal.input).chaincodeSpec!;
  const [name, ...args] = spec.input?.args ?? [];
  const response = ProposalResponsePayload.decode(action.action!.proposalResponsePayload);
  const { events, chaincodeId } = ChaincodeAction.decode(response.extension);
  const endorsers = action.action!.endorsements.map(({ endorser }) => SerializedIdentity.decode(endorser).mspId);
  return {
    // What ran is what endorsers say ran; the proposal's own words are the creator's alone.
    chaincode: chaincodeId?.name ?? spec.chaincodeId?.name ?? '',
    function: text(name ?? new Uint8Array(0)),
    args,
    endorserMspIds: endorsers,
    ...(events.length === 0 ? {} : { event: readEvent(events) }),
  };
}

function readEvent(bytes: Uint8Array): { name: string; payload: Uint8Array } {
  const { eventName, payload } = ChaincodeEvent.decode(bytes);
  return { name: eventName, payload };
}
