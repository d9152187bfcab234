import { sha256 } from '../msp/signature.ts';
import { ChannelHeader, Envelope, HeaderType, Payload, SignatureHeader } from '../wire/envelope.ts';
import {
  ChaincodeAction,
  ChaincodeActionPayload,
  type ChaincodeEndorsedAction,
  ChaincodeEvent,
  ChaincodeHeaderExtension,
  Code,
  ProposalResponsePayload,
  Transaction,
} from '../wire/proposal.ts';
import { HashedRwSet, KvRwSet, TxRwSet } from '../wire/rwset.ts';

/** What a transaction read and writes in one namespace. */
export interface NamespaceChanges {
  readonly namespace: string;
  readonly open: KvRwSet;
  readonly collections: readonly {
    readonly name: string;
    readonly hashed: HashedRwSet;
    /** SHA-256 of the plaintext writes, by which members know the right ones. */
    readonly plaintextHash: Buffer;
  }[];
}

/** The endorsed part of a transaction. */
export interface Endorsed {
  /** The chaincode that the proposal's header names. */
  readonly chaincode: string;
  readonly responsePayload: Buffer;
  readonly endorsements: ChaincodeEndorsedAction['endorsements'];
  readonly action: ChaincodeAction;
  readonly namespaces: readonly NamespaceChanges[];
  readonly event: ChaincodeEvent | undefined;
}

/** An envelope as it lies in a block, decoded once for ordering, validation and events. */
export interface LedgerTransaction {
  readonly bytes: Buffer;
  readonly envelope: Envelope;
  readonly header: ChannelHeader;
  readonly signature: SignatureHeader;
  readonly payload: Payload;
  readonly endorsed: Endorsed | undefined;
  /** What is wrong with its form, and so the code that it gets at the latest. */
  readonly malformed: Code | undefined;
  /** Whether the form is so bad that nobody looks at the creator's signature any more. */
  readonly unreadable: boolean;
}

/** The id that binds a transaction to its creator and nonce. */
export const transactionId = ({ nonce, creator }: SignatureHeader): string => sha256(nonce, creator).toString('hex');

const noHeader = ChannelHeader.decode(Buffer.alloc(0));
const noSignature = SignatureHeader.decode(Buffer.alloc(0));
const noPayload = Payload.decode(Buffer.alloc(0));
const noEnvelope = Envelope.decode(Buffer.alloc(0));

/** Reads an envelope; what cannot be read gets the validation code that a real peer gives it. Never throws. */
export function readTransaction(bytes: Buffer): LedgerTransaction {
  const blank = { bytes, envelope: noEnvelope, header: noHeader, signature: noSignature, payload: noPayload };
  const bad = (malformed: Code, part: Partial<LedgerTransaction> = {}): LedgerTransaction => ({
    ...blank,
    endorsed: undefined,
    unreadable: true,
    ...part,
    malformed,
  });
  const envelope = attempt(() => Envelope.decode(bytes));
  if (envelope === undefined) return bad(Code.INVALID_OTHER_REASON);
  const payload = attempt(() => Payload.decode(envelope.payload));
  if (payload === undefined) return bad(Code.BAD_PAYLOAD, { envelope });
  const headers = attempt(() => ({
    header: ChannelHeader.decode(payload.header!.channelHeader),
    signature: SignatureHeader.decode(payload.header!.signatureHeader),
  }));
  if (headers === undefined) return bad(Code.BAD_COMMON_HEADER, { envelope, payload });
  const known = { bytes, envelope, payload, ...headers };
  const { header, signature } = headers;
  const types: readonly number[] = [HeaderType.ENDORSER_TRANSACTION, HeaderType.CONFIG, HeaderType.CONFIG_UPDATE];
  if (!types.includes(header.type) || header.epoch !== 0) return bad(Code.BAD_COMMON_HEADER, known);
  if (header.type === HeaderType.CONFIG)
    return { ...known, endorsed: undefined, malformed: undefined, unreadable: false };
  if (signature.nonce.length === 0 || signature.creator.length === 0) return bad(Code.BAD_COMMON_HEADER, known);
  if (header.type !== HeaderType.ENDORSER_TRANSACTION)
    return bad(Code.UNSUPPORTED_TX_PAYLOAD, { ...known, unreadable: false });
  const endorsed = readEndorsed(payload, header);
  if (typeof endorsed === 'number') return bad(endorsed, { ...known, unreadable: false });
  return { ...known, endorsed, malformed: undefined, unreadable: false };
}

function readEndorsed(payload: Payload, header: ChannelHeader): Endorsed | Code {
  const actions = attempt(() => {
    const [action, second] = Transaction.decode(payload.data).actions;
    const body = ChaincodeActionPayload.decode(action!.payload);
    const proposed = ProposalResponsePayload.decode(body.action!.proposalResponsePayload);
    const inner = SignatureHeader.decode(action!.header);
    const hash = sha256(payload.header!.channelHeader, action!.header, body.chaincodeProposalPayload);
    const sound = second === undefined && inner.nonce.length > 0 && inner.creator.length > 0;
    return sound && hash.equals(proposed.proposalHash)
      ? { body: body.action!, extension: proposed.extension }
      : undefined;
  });
  if (actions === undefined) return Code.INVALID_ENDORSER_TRANSACTION;
  const { body, extension } = actions;
  const named = attempt(() => ChaincodeHeaderExtension.decode(header.extension));
  if (named === undefined) return Code.BAD_HEADER_EXTENSION;
  const action = attempt(() => ChaincodeAction.decode(extension));
  if (action === undefined) return Code.BAD_RESPONSE_PAYLOAD;
  const namespaces = attempt(() => readChanges(action.results));
  if (namespaces === undefined) return Code.BAD_RWSET;
  if (named.chaincodeId === undefined) return Code.INVALID_OTHER_REASON;
  const chaincode = named.chaincodeId.name;
  const event = attempt(() => ({ read: action.events.length > 0 ? ChaincodeEvent.decode(action.events) : undefined }));
  if (event === undefined) return Code.INVALID_OTHER_REASON;
  return {
    chaincode,
    event: event.read,
    action,
    namespaces,
    responsePayload: body.proposalResponsePayload,
    endorsements: body.endorsements,
  };
}

function readChanges(results: Buffer): NamespaceChanges[] {
  return TxRwSet.decode(results).namespaces.map(({ namespace, rwSet, collections }) => ({
    namespace,
    open: KvRwSet.decode(rwSet),
    collections: collections.map(({ collection, hashedRwSet, privateRwSetHash }) => ({
      name: collection,
      hashed: HashedRwSet.decode(hashedRwSet),
      plaintextHash: privateRwSetHash,
    })),
  }));
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
